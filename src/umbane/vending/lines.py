"""Lines of a receipt as JSON, as a sale keeps them."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import msgspec

from umbane.pricing import Line, LineKind

__all__ = ["lines_from", "lines_json"]

ENCODER: Final = msgspec.json.Encoder(enc_hook=str)
"""Writes a list for each line, in the order of its fields; a rate as "numerator/denominator"."""


def lines_json(lines: Iterable[Line]) -> str:
    """Lines as JSON."""
    return ENCODER.encode(lines).decode()


def lines_from(text: str) -> tuple[Line, ...]:
    """The lines that JSON of ours holds."""
    rows: list[list[Any]] = msgspec.json.decode(text)
    return tuple(
        Line(LineKind(kind), name, label, amount, base, None if rate is None else Fraction(rate), per_unit)
        for kind, name, label, amount, base, rate, per_unit in rows
    )
