"""Tests of the conformance runner, and the vectors it is run with."""
