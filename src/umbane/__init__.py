"""Umbane: prepaid electricity under IEC 62055-41, from the token to the meter."""

__version__ = "0.1.0"
