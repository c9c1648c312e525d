"""Changing the keys of many meters (IEC 62055-41 6.2.4, Table 33)."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.sts.batch.arrays import U64, at_row, common_length, first_row, whole_numbers
from umbane.sts.batch.codec import encoded
from umbane.sts.batch.framing import Digits
from umbane.sts.batch.keys import UNKNOWN_SGC, DecoderKeys
from umbane.sts.batch.tokens import CLASS_SHIFT, Tokens
from umbane.sts.checks import require_types
from umbane.sts.content import CONTENT_BITS
from umbane.sts.errors import KeyChangeError
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables
from umbane.sts.keychange import (
    PERMITTED_CHANGES,
    SGC_HALF_BITS,
    THREE_TOKEN_PAD_BITS,
    WORD,
    WORD_BITS,
    require_permitted_change,
)
from umbane.sts.parameters import EA, KT, TCT
from umbane.sts.tid import KEN_SHIFT, LAST_TID, TID, require_unexpired

__all__ = ["key_change_sets"]

MANAGEMENT: Final = 2
FIRST, SECOND, THIRD, FOURTH = 3, 4, 8, 9
"""Subclasses of the four sections."""

PERMITTED: Final = np.array([[new in PERMITTED_CHANGES[current] for new in KT] for current in KT])
"""Table 33, by current and new key type."""


def key_change_sets(  # noqa: PLR0913 - what a key change depends on
    current: DecoderKeys,
    new: DecoderKeys,
    *,
    at: TID | ArrayLike,
    carrier: TCT = TCT.NUMERIC,
    with_sgc: bool = False,
    tables: StaTables = SAMPLE_TABLES,
) -> Digits:
    """The tokens that put each meter's new key in the place of its current one, as ``key_change_set``.

    Args:
        current: the meters' keys, which the tokens are encrypted with.
        new: the keys they are to get.
        at: the moments of issue as TIDs of the *new* keys' base dates, to refuse expired ones.
        carrier: the meters' TCT.
        with_sgc: for 64-bit keys, add the third token, which tells the meter its SGC.
        tables: the EA07 tables.

    Returns:
        An array of ``S20``: a row for each meter, with its two, three or four tokens in the order they are typed.

    Raises:
        KeyChangeError: Table 33 doesn't permit a change, the algorithms differ, or an SGC is needed and unknown; it
            names the row.
        KeyExpiredError: a new key has expired; it names the row.
        StsInputError: current and new keys differ in number, or an argument is of another type.
    """
    require_types((current, DecoderKeys), (new, DecoderKeys), (carrier, TCT), (tables, StaTables))
    minutes = whole_numbers("TID", at.minutes if isinstance(at, TID) else at, 0, LAST_TID)
    count = common_length(current=current.values, new=new.values, TID=minutes)
    current, new = current.spread(count), new.spread(count)
    require_permitted_changes(current, new, carrier)
    require_unexpired_keys(new, np.broadcast_to(minutes, count))
    sections = sections_of(current, new, with_sgc=with_sgc)
    return np.stack([encoded(Tokens(bits), current, tables) for bits in sections], axis=1)


def require_permitted_changes(current: DecoderKeys, new: DecoderKeys, carrier: TCT) -> None:
    """Refuse a change of algorithm, and a change of key type that Table 33 doesn't have."""
    if current.ea is not new.ea:
        raise KeyChangeError(f"meters of EA{current.ea:02} can't take keys of EA{new.ea:02} by tokens")
    common_key = (new.kt == KT.DCTK) & (carrier is not TCT.MAGNETIC_CARD)
    row = first_row(~PERMITTED[current.kt, new.kt] | common_key)
    if row is not None:
        with at_row(row):
            require_permitted_change(current[row].kt, new[row].kt, carrier)


def require_unexpired_keys(new: DecoderKeys, minutes: NDArray[np.integer]) -> None:
    """Refuse new keys beyond their KEN."""
    row = first_row((new.kt != KT.DITK) & (minutes >> KEN_SHIFT > new.ken))
    if row is not None:
        with at_row(row):
            require_unexpired(new[row].ken, TID(int(minutes[row])))


def sections_of(current: DecoderKeys, new: DecoderKeys, *, with_sgc: bool) -> list[U64]:
    """The 50 bits of each section: an array of all meters for every token of a set."""
    words = [column >> shift & WORD for column in new.values.T for shift in (32, 0)]
    ken, krn, kt, ti = (column.astype(np.uint64) for column in (new.ken, new.krn, new.kt, new.ti))
    third_follows = with_sgc and new.ea is EA.STA
    flags = (current.base_date != new.base_date).astype(np.uint64) << 3 | kt | third_follows << 2
    pair = [
        section(FIRST, (ken >> 4 << 8 | krn << 4 | flags) << WORD_BITS | words[0]),
        section(SECOND, ((ken & 15) << 8 | ti) << WORD_BITS | words[-1]),
    ]
    if third_follows:
        return [*pair, section(THIRD, known_sgc(new) << THREE_TOKEN_PAD_BITS)]
    if new.ea is EA.STA:
        return pair
    sgc = known_sgc(new)
    return [
        *pair,
        section(THIRD, (sgc & (1 << SGC_HALF_BITS) - 1) << WORD_BITS | words[1]),
        section(FOURTH, sgc >> SGC_HALF_BITS << WORD_BITS | words[2]),
    ]


def section(subclass: int, content: U64) -> U64:
    """A class 2 token of this subclass for every meter."""
    return content | np.uint64(MANAGEMENT << CLASS_SHIFT | subclass << CONTENT_BITS)


def known_sgc(new: DecoderKeys) -> U64:
    """The supply groups of the new keys, all of which have one."""
    row = first_row(new.sgc == UNKNOWN_SGC)
    if row is not None:
        raise KeyChangeError(
            f"row {row}: the set carries the SGC, and the new key has none: give it, or two tokens only"
        )
    return new.sgc.astype(np.uint64)
