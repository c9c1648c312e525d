"""Tests of the virtual payment meter."""
