"""Lines of a receipt as JSON, as a sale keeps them."""

import json
from collections.abc import Iterable
from fractions import Fraction

from umbane.pricing import Line, LineKind

__all__ = ["lines_from", "lines_json"]


def lines_json(lines: Iterable[Line]) -> str:
    """A list for each line, in the order of its fields; a rate as "numerator/denominator"."""
    rows = [
        (kind, name, label, amount, base, None if rate is None else f"{rate.numerator}/{rate.denominator}", per_unit)
        for kind, name, label, amount, base, rate, per_unit in lines
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def lines_from(text: str) -> tuple[Line, ...]:
    """The lines that JSON of ours holds."""
    return tuple(
        Line(LineKind(kind), name, label, amount, base, None if rate is None else Fraction(rate), per_unit)
        for kind, name, label, amount, base, rate, per_unit in json.loads(text)
    )
