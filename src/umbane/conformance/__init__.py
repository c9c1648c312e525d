"""Running vector files against our implementation of IEC 62055-41: what passes, what fails, and what can't be told."""

from umbane.conformance.errors import ConformanceError, UnusableInputError, VectorFileError
from umbane.conformance.html import as_html
from umbane.conformance.kinds import KINDS
from umbane.conformance.report import Report, Tally, as_json
from umbane.conformance.runner import Outcome, Result, run, run_vector
from umbane.conformance.vectors import Vector, VectorFile, load_vectors, parse_vectors

__all__ = [
    "KINDS",
    "ConformanceError",
    "Outcome",
    "Report",
    "Result",
    "Tally",
    "UnusableInputError",
    "Vector",
    "VectorFile",
    "VectorFileError",
    "as_html",
    "as_json",
    "load_vectors",
    "parse_vectors",
    "run",
    "run_vector",
]
