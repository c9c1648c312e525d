"""Tests of the sale."""
