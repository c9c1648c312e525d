"""Decoder keys of many meters (IEC 62055-41 6.5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.sts.batch.arrays import U8, U64, at_row, chunks, common_length, digit_rows, first_row, whole_numbers
from umbane.sts.batch.dkga import dkga02_keys, dkga02_rows, dkga04_keys, dkga04_rows
from umbane.sts.checks import require_type, require_types
from umbane.sts.errors import StsInputError
from umbane.sts.identifiers import DOUBLED, IIN_FOR_DRN_LENGTH, PAN_LENGTH, MeterPAN
from umbane.sts.keys import DecoderKey, KeyAttributes, VendingKey, require_made
from umbane.sts.parameters import DKGA, EA, KEN, KRN, KT, SGC, TI, BaseDate

__all__ = ["DecoderKeys", "derivation_rows", "derive_keys", "derived_keys"]

Meters = ArrayLike | Sequence[MeterPAN]
"""MeterPANs, or an array of texts or bytes of 18 digits, which are checked."""

UNKNOWN_SGC: Final = -1
WORD_BITS: Final = 64

ZERO: Final = ord("0")
DOUBLED_DIGITS: Final = np.frombuffer(DOUBLED, np.uint8)
SHORT_DRN_IIN: Final = tuple(map(int, IIN_FOR_DRN_LENGTH[11]))
LONG_DRN_IIN: Final = tuple(map(int, IIN_FOR_DRN_LENGTH[13]))


@dataclass(frozen=True, slots=True, eq=False)
class DecoderKeys:
    """The keys of many meters of one encryption algorithm, a row for each; see ``DecoderKey`` for what the columns are.

    Make one with ``derive_keys`` or ``DecoderKeys.of``; ``keys[row]`` is the key of one meter by itself.

    Attributes:
        ea: the algorithm that all of them are for.
        values: one column of 64 bits under EA07, two (high, low) under EA11; never shown.
        kt: key types, 0-3.
        krn: revisions, 1-9.
        ti: tariff indices, 0-99.
        ken: expiry numbers, 0-255.
        sgc: supply groups; -1 where it isn't known.
        base_date: base years, 93, 14 or 35.

    Raises:
        StsInputError: the columns have different lengths, or the values aren't those of the algorithm.
    """

    ea: EA
    values: U64 = field(repr=False)
    kt: U8 = field(repr=False)
    krn: U8 = field(repr=False)
    ti: U8 = field(repr=False)
    ken: U8 = field(repr=False)
    sgc: NDArray[np.int32] = field(repr=False)
    base_date: U8 = field(repr=False)

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns}
        if len(lengths) != 1 or self.values.shape[1:] != (self.ea.key_bits // WORD_BITS,):
            raise StsInputError("DecoderKeys", "the columns don't fit each other or the EA", "see DecoderKeys.of")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> DecoderKey:
        """The key of one row by itself."""
        sgc = int(self.sgc[row])
        return DecoderKey(
            value=int.from_bytes(self.values[row].astype(">u8").tobytes(), "big"),
            ea=self.ea,
            kt=KT(int(self.kt[row])),
            krn=KRN(int(self.krn[row])),
            ti=TI(int(self.ti[row])),
            ken=KEN(int(self.ken[row])),
            sgc=None if sgc == UNKNOWN_SGC else SGC(sgc),
            base_date=BaseDate(f"{self.base_date[row]:02}"),
        )

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All but the algorithm, in order."""
        return tuple(getattr(self, column.name) for column in fields(self)[1:])

    def part(self, rows: slice) -> "DecoderKeys":
        """The keys of some rows."""
        return DecoderKeys(self.ea, *(column[rows] for column in self.columns))

    def spread(self, count: int) -> "DecoderKeys":
        """As many keys, when a single one is that of all rows."""
        if len(self) == count:
            return self
        return DecoderKeys(self.ea, *(np.broadcast_to(column, (count, *column.shape[1:])) for column in self.columns))

    @classmethod
    def of(cls, keys: Iterable[DecoderKey]) -> Self:
        """The keys of single meters together.

        Raises:
            StsInputError: there is none, or they are for different encryption algorithms.
        """
        rows = [require_type("DecoderKey", key, DecoderKey) for key in keys]
        if not rows or len({key.ea for key in rows}) != 1:
            raise StsInputError("keys", "there are none, or they differ in their EA", "give keys of one EA at a time")
        values = b"".join(key.value.to_bytes(key.ea.key_bits // 8, "big") for key in rows)
        return cls(
            ea=rows[0].ea,
            values=np.frombuffer(values, ">u8").astype(np.uint64).reshape(len(rows), -1),
            kt=np.array([key.kt for key in rows], np.uint8),
            krn=np.array([key.krn.value for key in rows], np.uint8),
            ti=np.array([key.ti.value for key in rows], np.uint8),
            ken=np.array([key.ken.value for key in rows], np.uint8),
            sgc=np.array([UNKNOWN_SGC if key.sgc is None else key.sgc.value for key in rows], np.int32),
            base_date=np.array([int(key.base_date.value) for key in rows], np.uint8),
        )


def derive_keys(vending_key: VendingKey, pans: Meters, ti: TI | ArrayLike, ea: EA) -> DecoderKeys:
    """The decoder keys of many meters of one supply group, as ``derive`` has them (6.5.3).

    Args:
        vending_key: the key of the supply group.
        pans: MeterPANs, or an array of texts or bytes of 18 digits.
        ti: their tariff indices, or the one of all.
        ea: their encryption algorithm. EA11 goes only with DKGA04.

    Raises:
        StsInputError: a MeterPAN or a TI is none, and its field names the row; or EA11 was asked of a DKGA02 key, or
            an argument is of another type.
        CheckDigitError: a check digit of a MeterPAN is wrong; its field names the row.
    """
    require_types((vending_key, VendingKey))
    numbers, indices = require_meters(vending_key, pans, ti, ea)
    values = np.empty((len(numbers), ea.key_bits // WORD_BITS), np.uint64)
    for rows in chunks(len(numbers)):
        if vending_key.dkga is DKGA.DES:
            values[rows, 0] = dkga02_keys(vending_key, numbers[rows], indices[rows])
        else:
            values[rows] = dkga04_keys(vending_key, numbers[rows], indices[rows], ea)
    return derived_keys(vending_key, values, indices, ea)


def derivation_rows(key: KeyAttributes, pans: Meters, ti: TI | ArrayLike, ea: EA) -> tuple[U8, U8]:
    """What the vending key is applied to, a row for each meter as ``derivation_data`` has it, and the tariff indices.

    Args, errors: as ``derive_keys``.
    """
    numbers, indices = require_meters(key, pans, ti, ea)
    if key.dkga is DKGA.DES:
        return dkga02_rows(key, numbers, indices), indices
    return dkga04_rows(key, numbers, indices, ea), indices


def require_meters(key: KeyAttributes, pans: Meters, ti: TI | ArrayLike, ea: EA) -> tuple[U8, U8]:
    """The digits of MeterPANs and the tariff indices, a row for each meter, when keys can be made for all of them."""
    require_types((ea, EA))
    require_made(key.dkga, ea)
    numbers = require_pans(pans)
    indices = whole_numbers("TI", ti.value if isinstance(ti, TI) else ti, 0, 99).astype(np.uint8)
    if len(numbers) == len(indices):
        return numbers, indices
    count = common_length(MeterPAN=numbers, TI=indices)
    return np.broadcast_to(numbers, (count, PAN_LENGTH)), np.broadcast_to(indices, count)


def derived_keys(key: KeyAttributes, values: U64, ti: U8, ea: EA) -> DecoderKeys:
    """The decoder keys of these bits, with what they take over from their vending key.

    Args:
        key: the vending key.
        values: the bits, as ``DecoderKeys`` has them.
        ti: the tariff index of each.
        ea: their encryption algorithm.
    """
    count = len(values)
    return DecoderKeys(
        ea=ea,
        values=values,
        kt=np.full(count, key.kt, np.uint8),
        krn=np.full(count, key.krn.value, np.uint8),
        ti=ti,
        ken=np.full(count, key.ken.value, np.uint8),
        sgc=np.full(count, key.sgc.value, np.int32),
        base_date=np.full(count, int(key.base_date.value), np.uint8),
    )


def require_pans(pans: Meters) -> U8:
    """The ASCII digits of MeterPANs, a row for each, when all are such as ``MeterPAN`` takes."""
    if isinstance(pans, Sequence) and pans and len(known := digits_of(pans)) == len(pans):
        return np.frombuffer("".join(known).encode(), np.uint8).reshape(-1, PAN_LENGTH)
    codes = digit_rows("MeterPAN", cast("ArrayLike", pans), PAN_LENGTH)
    digits = codes - ZERO
    drns = digits[:, :-1].copy()
    short_drn = (digits[:, : len(SHORT_DRN_IIN)] == SHORT_DRN_IIN).all(axis=1)
    long_drn = (digits[:, : len(LONG_DRN_IIN)] == LONG_DRN_IIN).all(axis=1)
    drns[short_drn, : len(SHORT_DRN_IIN)] = 0  # zeros in front, which add nothing to a Luhn sum
    row = first_row(~((short_drn | long_drn) & luhn_rows(digits) & luhn_rows(drns)))
    if row is not None:
        with at_row(row):
            MeterPAN(codes[row].tobytes().decode())
    return codes


def digits_of(pans: Sequence[object]) -> list[str]:
    """The digits of those that are MeterPANs: they were checked when they were made."""
    return [it.digits for it in pans if isinstance(it, MeterPAN)]


def luhn_rows(digits: U8) -> NDArray[np.bool_]:
    """Whether the last digit of each row is the Luhn digit of those before it."""
    sums = digits[:, ::-2].sum(axis=1, dtype=np.uint16) + DOUBLED_DIGITS[digits[:, -2::-2]].sum(axis=1, dtype=np.uint16)
    fits: NDArray[np.bool_] = sums % 10 == 0
    return fits
