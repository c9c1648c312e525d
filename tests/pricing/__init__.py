"""Tests of `umbane.pricing`."""
