"""Tests of the PrismToken interface, from both sides."""
