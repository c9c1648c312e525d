"""Tests of the registry, against a real PostgreSQL."""
