"""Tests of the simulation: a shop, houses, and what is told about them."""
