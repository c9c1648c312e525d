"""Reading vector files: JSON lists of vectors, each an object with inputs and what is expected of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, NoReturn

from umbane.conformance.errors import VectorFileError
from umbane.errors import shown

__all__ = ["Vector", "VectorFile", "load_vectors", "parse_vectors"]

MAXIMUM_FILE_BYTES: Final = 32 * 1024 * 1024
"""A vector takes some 500 bytes."""

MAXIMUM_DEPTH: Final = 16
"""How deep lists and objects may be nested in a vector; the format itself needs 4."""

REMEDY: Final = 'give a list of objects, each with "id", "inputs" and "expected"'

Object = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Vector:
    """One question with its answer.

    Attributes:
        index: its place in the file, from 0.
        id: its name; ``#index`` when the file gives none.
        group: what it belongs to, such as a step of a test plan.
        kind: what is asked: see ``umbane.conformance.kinds``.
        table_set: which EA07 tables ``expected`` holds under: "n/a", "sample" or "production".
        provenance: how sure its author is of it.
        source: where it comes from.
        inputs: the question.
        expected: the answer.
        expected_with_sample_tables: the answer under the sample tables, where a production vector has one.
    """

    index: int
    id: str
    group: str
    kind: str
    table_set: str
    provenance: str
    source: str
    inputs: Object
    expected: Object
    expected_with_sample_tables: Object | None = None


@dataclass(frozen=True, slots=True)
class VectorFile:
    """A file of vectors.

    Attributes:
        name: its path, as it was given.
        sha256: the hash of its bytes, so that a report says what it was about.
        vectors: at least one.
    """

    name: str
    sha256: str
    vectors: tuple[Vector, ...]


def load_vectors(path: str | Path) -> VectorFile:
    """Read one file.

    Raises:
        VectorFileError: it can't be read, is too large, isn't JSON, or isn't a list of vectors; the error names the
            file, the entry and the field.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAXIMUM_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise VectorFileError(str(path), f"the file can't be read ({error})", "give the path of a JSON file") from error
    return parse_vectors(str(path), content)


def parse_vectors(name: str, content: bytes) -> VectorFile:
    """The vectors in the bytes of a file; ``name`` is for the errors. Raises as ``load_vectors``."""
    if len(content) > MAXIMUM_FILE_BYTES:
        raise VectorFileError(name, f"it has more than {MAXIMUM_FILE_BYTES} bytes", "split it into several files")
    try:
        document = json.loads(content, parse_float=exact_number, parse_constant=refuse_constant)
    except RecursionError:
        raise VectorFileError(name, "it is nested far too deep", REMEDY) from None
    except ValueError as error:
        raise VectorFileError(name, f"it is not JSON ({error})", REMEDY) from None
    entries = document.get("vectors") if isinstance(document, dict) else document
    if not isinstance(entries, list) or not entries:
        raise VectorFileError(name, "it holds no list of vectors", REMEDY)
    vectors = tuple(parse_vector(f"{name}: entry {index}", index, entry) for index, entry in enumerate(entries))
    return VectorFile(name, hashlib.sha256(content).hexdigest(), vectors)


def exact_number(text: str) -> Decimal:
    """A number with a point or an exponent, as it is written."""
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"{shown(text)} is beyond all numbers") from error


def refuse_constant(constant: str) -> NoReturn:
    """Raise for NaN and the infinities, which aren't JSON."""
    raise ValueError(f"{constant} is not a number")


def parse_vector(place: str, index: int, entry: object) -> Vector:
    """One entry of a file."""
    require_sound(place, entry, MAXIMUM_DEPTH)
    if not isinstance(entry, dict):
        raise VectorFileError(place, f"{shown(entry)} is not an object", REMEDY)
    name = require_text(place, entry, "id", f"#{index}")
    place = f"{place} ({shown(name)})"
    inputs = require_object(f"{place}: inputs", entry.get("inputs"))
    sample = entry.get("expected_with_sample_tables")
    return Vector(
        index=index,
        id=name,
        group=require_text(place, entry, "group", "(no group)"),
        kind=require_text(f"{place}: inputs", inputs, "kind"),
        table_set=require_text(place, entry, "table_set", "n/a"),
        provenance=require_text(place, entry, "provenance", "unknown"),
        source=require_text(place, entry, "source", ""),
        inputs=inputs,
        expected=require_object(f"{place}: expected", entry.get("expected")),
        expected_with_sample_tables=(
            None if sample is None else require_object(f"{place}: expected_with_sample_tables", sample)
        ),
    )


def require_text(place: str, entry: Object, field: str, default: str | None = None) -> str:
    """A string of an entry, or ``default`` when it has none."""
    value = entry.get(field, default)
    if not isinstance(value, str):
        problem = "it is missing" if value is None else f"{shown(value)} is not a string"
        raise VectorFileError(f"{place}: {field}", problem, "give a string")
    return value


def require_object(field: str, value: object) -> dict[str, object]:
    """Return ``value`` if it is a JSON object."""
    if not isinstance(value, dict):
        problem = "it is missing" if value is None else "it is not an object"
        raise VectorFileError(field, problem, 'give an object in braces, {"...": ...}')
    return value


def require_sound(place: str, value: object, depth: int) -> None:
    """Raise when lists and objects are nested deeper than ``depth``, or a string holds half a character."""
    if depth == 0:
        raise VectorFileError(place, "it is nested far too deep", REMEDY)
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise VectorFileError(place, "a string holds half of a surrogate pair", "write both halves, or the character")
    if isinstance(value, dict | list):
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            require_sound(place, inner, depth - 1)
