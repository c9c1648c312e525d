"""Tests of the fleet: models and what is shown of them, and what becomes of meters."""
