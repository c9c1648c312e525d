"""Tests of the module in a process of its own."""
