"""Many tokens to digits and back: framing, check bits and cipher together (IEC 62055-41 6.4, 6.5, 7.3)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umbane.sts import codec as single
from umbane.sts.batch import ea07, ea11
from umbane.sts.batch.arrays import U64, Mask, at_row, chunks, common_length, first_row
from umbane.sts.batch.crc import crc_c_rows, crc_rows
from umbane.sts.batch.framing import Digits, from_digits, to_digits
from umbane.sts.batch.keys import DecoderKeys
from umbane.sts.batch.tokens import CLASS_SHIFT, Tokens
from umbane.sts.checks import require_types
from umbane.sts.codec import PLAIN_CLASS
from umbane.sts.content import CRC_BITS, Token
from umbane.sts.errors import CrcError, StsInputError
from umbane.sts.framing import TOKEN_DIGITS
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables
from umbane.sts.parameters import EA, KT
from umbane.sts.tid import KEN_SHIFT, TID, require_unexpired

__all__ = ["Decoded", "decode", "encode", "encoded", "messages"]

CRC_MASK: Final = (1 << CRC_BITS) - 1

FEW: Final = {EA.STA: 8, EA.MISTY1: 8}
FEW_TO_DECIPHER: Final = {EA.STA: 36, EA.MISTY1: 8}
"""Fewer blocks than these go by themselves: that is faster than to set a batch up."""


class Decoded(NamedTuple):
    """What was behind the digits.

    Attributes:
        tokens: the tokens; where one isn't authentic, nothing but zeros.
        authentic: which are, by their check bits (7.3.6).
    """

    tokens: Tokens
    authentic: Mask

    def require_authentic(self) -> Tokens:
        """The tokens, all of them authentic.

        Raises:
            CrcError: one isn't; it names the row.
        """
        row = first_row(~self.authentic)
        if row is not None:
            raise CrcError(f"row {row}: the check bits are wrong: digits mistyped, or a token for another meter or key")
        return self.tokens


def encode(tokens: Tokens, keys: DecoderKeys | None = None, *, tables: StaTables = SAMPLE_TABLES) -> Digits:
    """The digits of each token for the meter whose key is in the same row; a single token or key goes with all.

    Args:
        tokens: what the meters are to do.
        keys: the meters' keys; not needed if all tokens are of class 1.
        tables: the EA07 tables. The samples, printed in the standard, are what no meter in the field has.

    Returns:
        An array of ``S20``.

    Raises:
        KeyUseError: credit under a DDTK; it names the row.
        KeyExpiredError: a TID lies beyond the KEN of its key; it names the row.
        StsInputError: tokens and keys differ in number, the keys are missing, or an argument is of another type.
    """
    require_types((tokens, Tokens), (tables, StaTables))
    require_keys(keys, tokens.token_class)
    if keys is None:
        return encoded(tokens, None, tables)
    count = common_length(tokens=tokens.bits, keys=keys.values)
    tokens, keys = tokens.spread(count), keys.spread(count)
    require_allowed(tokens, keys)
    return encoded(tokens, keys, tables)


def decode(tokens: ArrayLike, keys: DecoderKeys | None = None, *, tables: StaTables = SAMPLE_TABLES) -> Decoded:
    """The tokens behind the digits, and which of them are authentic; a single token or key goes with all.

    Args:
        tokens: an array of texts or bytes of 20 digits.
        keys: the meters' keys; not needed if all tokens are of class 1.
        tables: the EA07 tables.

    Raises:
        TokenFormatError: a token isn't 20 digits of 66 bits; its field names the row.
        StsInputError: tokens and keys differ in number, the keys are missing, or an argument is of another type.
    """
    require_types((tables, StaTables))
    blocks, token_class = from_digits(tokens)
    require_keys(keys, token_class)
    if keys is not None:
        count = common_length(tokens=blocks, keys=keys.values)
        keys, blocks, token_class = (
            keys.spread(count),
            np.broadcast_to(blocks, count),
            np.broadcast_to(token_class, count),
        )
    bits, authentic = np.empty(len(blocks), np.uint64), np.empty(len(blocks), np.bool_)
    for rows in chunks(len(blocks)):
        plain = blocks[rows]
        if keys is not None:
            plain = np.where(token_class[rows] == PLAIN_CLASS, plain, decipher(plain, keys.part(rows), tables))
        chunk = Tokens(token_class[rows] << CLASS_SHIFT | plain >> CRC_BITS)
        authentic[rows] = check_bits(chunk) == plain & CRC_MASK
        bits[rows] = np.where(authentic[rows], chunk.bits, 0)
    return Decoded(Tokens(bits), authentic)


def require_keys(keys: DecoderKeys | None, token_class: U64) -> None:
    """Raise StsInputError if there are no keys for tokens that need one."""
    if keys is not None:
        require_types((keys, DecoderKeys))
    elif (token_class != PLAIN_CLASS).any():
        raise StsInputError("DecoderKeys", "none were given", "give the meters' keys: only class 1 goes without")


def require_allowed(tokens: Tokens, keys: DecoderKeys) -> None:
    """Refuse what a vending system must not issue: credit under a DDTK, a TID beyond the KEN."""
    row = first_row((tokens.token_class == 0) & (keys.kt == KT.DDTK))
    if row is not None:
        with at_row(row):
            keys[row].require_credit()
    row = first_row(tokens.is_stamped & (keys.kt != KT.DITK) & (tokens.tid >> KEN_SHIFT > keys.ken))
    if row is not None:
        with at_row(row):
            require_unexpired(keys[row].ken, TID(int(tokens.tid[row])))


def encoded(tokens: Tokens, keys: DecoderKeys | None, tables: StaTables) -> Digits:
    """``encode`` without its questions; as many keys as tokens."""
    digits = np.empty(len(tokens), f"S{TOKEN_DIGITS}")
    for rows in chunks(len(tokens)):
        chunk = Tokens(tokens.bits[rows])
        blocks, token_class = chunk.bits << CRC_BITS | check_bits(chunk), chunk.token_class
        if keys is not None:
            blocks = np.where(token_class == PLAIN_CLASS, blocks, encipher(blocks, keys.part(rows), tables))
        digits[rows] = to_digits(blocks, token_class)
    return digits


def messages(tokens: Iterable[Token]) -> list[int]:
    """The 66 bits of each token before encryption, as ``message`` has them."""
    rows = Tokens.of(tokens)
    checks = check_bits(rows).tolist()
    return [bits << CRC_BITS | check for bits, check in zip(rows.bits.tolist(), checks, strict=True)]


def check_bits(tokens: Tokens) -> NDArray[np.uint16]:
    """The CRC of each token, or its CRC_C if it is credit in currency."""
    result = crc_rows(tokens.bits)
    if (currency := tokens.is_currency).any():
        result[currency] = crc_c_rows(tokens.bits[currency])
    return result


def encipher(blocks: U64, keys: DecoderKeys, tables: StaTables) -> U64:
    """Each block under the key of its row."""
    if len(blocks) < FEW[keys.ea]:
        return words(single.encipher(block, keys[row], tables) for row, block in enumerate(blocks.tolist()))
    if keys.ea is EA.STA:
        return ea07.encrypt(blocks, keys.values[:, 0], tables)
    return ea11.encrypt(blocks, keys.values)


def decipher(blocks: U64, keys: DecoderKeys, tables: StaTables) -> U64:
    """The inverse of ``encipher``."""
    if len(blocks) < FEW_TO_DECIPHER[keys.ea]:
        return words(single.decipher(block, keys[row], tables) for row, block in enumerate(blocks.tolist()))
    if keys.ea is EA.STA:
        return ea07.decrypt(blocks, keys.values[:, 0], tables)
    return ea11.decrypt(blocks, keys.values)


def words(numbers: Iterable[int]) -> U64:
    """The numbers as an array."""
    return np.fromiter(numbers, np.uint64)
