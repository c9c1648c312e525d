"""What tests of the runner share: files that are kept, and vectors made on the spot."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from umbane.conformance import Result, Vector, VectorFile, load_vectors, parse_vectors, run_vector
from umbane.sts import StaTables

Json = dict[str, Any]

HERE = Path(__file__).parent
PUBLISHED = HERE / "vectors.json"
OWN = HERE / "umbane-vectors.json"


@cache
def published() -> VectorFile:
    """The published vectors."""
    return load_vectors(PUBLISHED)


@cache
def own() -> VectorFile:
    """Our own vectors."""
    return load_vectors(OWN)


def vector(inputs: Json, expected: Json, **others: Any) -> Vector:  # noqa: ANN401 - whatever JSON holds
    """One vector, through the same door as those of a file."""
    entry = {"id": "v", "inputs": inputs, "expected": expected, **others}
    return parse_vectors("f", json.dumps([entry]).encode()).vectors[0]


def result(inputs: Json, expected: Json, *, licensed: StaTables | None = None, **others: Any) -> Result:  # noqa: ANN401 - as above
    """What comes of it."""
    return run_vector("f", vector(inputs, expected, **others), licensed)
