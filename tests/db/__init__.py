"""Tests of the room that speaks with PostgreSQL, against a real server."""
