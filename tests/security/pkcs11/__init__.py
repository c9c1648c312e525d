"""Tests of modules whose keys are in a token."""
