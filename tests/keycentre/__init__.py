"""Tests of the key management centre."""
