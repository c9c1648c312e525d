"""Whole key-change sets."""

from dataclasses import replace
from typing import Final

from umbane.conformance.comparison import Digits, Outputs
from umbane.conformance.fields import Fields
from umbane.conformance.keys import current_key, moment_of_change, new_key
from umbane.sts import (
    KT,
    TCT,
    DecoderKey,
    KeyChangeSection,
    Set1stSectionDecoderKey,
    StaTables,
    encode,
    key_change_set,
)

__all__ = ["EXPECTED_COUNT", "key_change"]

EXPECTED_COUNT: Final = "(number of tokens expected)"
"""The name under which the runner says how many tokens a vector expects: for EA07 that is part of the question."""

WITH_SGC: Final = 3
"""Tokens in a set for EA07 that carries the SGC."""


def key_change(inputs: Fields, tables: StaTables) -> Outputs:
    """``kct_set``: the tokens that change one key for another, in the order of their sections."""
    current = current_key(inputs, inputs.integer("current_ken", default=255))
    new = new_key(inputs, new_ken(inputs))
    sections = key_change_set(
        current, new, at=moment_of_change(inputs, new), carrier=carrier(inputs, new), with_sgc=with_sgc(inputs)
    )
    tokens = [Digits(encode(section, current, tables=tables).digits) for section in as_asked(inputs, sections)]
    return {"tokens": tokens, "count": len(tokens)}


def new_ken(inputs: Fields) -> int:
    """The KEN of the new key: as a whole, in halves, or 255."""
    if inputs.has("kenho", "kenlo"):
        return inputs.integer("kenho") << 4 | inputs.integer("kenlo")
    return inputs.integer("new_ken", "ken", default=255)


def carrier(inputs: Fields, new: DecoderKey) -> TCT:
    """The meter's TCT; if nothing is said, one that takes the new key: magnetic cards for a DCTK, else a keypad."""
    return inputs.code(TCT, "tct", default=TCT.MAGNETIC_CARD if new.kt is KT.DCTK else TCT.NUMERIC)


def with_sgc(inputs: Fields) -> bool:
    """Whether a set for EA07 is to have the third token."""
    if inputs.has("kct3", "with_sgc", "three"):
        return inputs.flag("kct3", "with_sgc", "three")
    return inputs.integer("count", "n", EXPECTED_COUNT, default=0) == WITH_SGC


def as_asked(inputs: Fields, sections: tuple[KeyChangeSection, ...]) -> tuple[KeyChangeSection, ...]:
    """The sections with the RO that the inputs give; without one it follows from the two base dates."""
    first, *others = sections
    if inputs.has("ro", "rollover") and isinstance(first, Set1stSectionDecoderKey):
        first = replace(first, rollover=inputs.flag("ro", "rollover"))
    return first, *others
