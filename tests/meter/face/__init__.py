"""Tests of the meter's face."""
