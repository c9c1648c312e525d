"""Tests of the books, against a real PostgreSQL."""
