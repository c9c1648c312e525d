"""Tests of what the utility's own people do over the API."""
