"""Tests of the project itself: its limits, its purity, its locks, its two commands."""
