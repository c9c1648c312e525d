"""Tests of the security modules."""
