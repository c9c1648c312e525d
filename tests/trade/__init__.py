"""Tests of the trade: the pure ones alone, the others against a real PostgreSQL."""
