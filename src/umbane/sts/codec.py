"""Tokens to digits and back: framing, check bits and cipher together (IEC 62055-41 6.4, 7.3.6)."""

from typing import Final, Protocol

from umbane.sts.checks import require_secret, require_type
from umbane.sts.content import CONTENT_BITS, CRC_BITS, SUBCLASS_BITS, Token, message
from umbane.sts.crc import crc, crc_c
from umbane.sts.credit import Credit, CurrencyCredit
from umbane.sts.display import InitiateTest
from umbane.sts.errors import CrcError, StsInputError, UnknownTokenError
from umbane.sts.framing import BLOCK_BITS, TOKEN_BITS, EncodedToken, join_class, split_class
from umbane.sts.hazmat import misty1, sta
from umbane.sts.hazmat.tables import SAMPLE_TABLES, StaTables
from umbane.sts.keychange import (
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
    Set3rdSectionDecoderKey,
    Set4thSectionDecoderKey,
)
from umbane.sts.keys import DecoderKey
from umbane.sts.management import (
    ClearCredit,
    ClearTamperCondition,
    ExtendedManagement,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
)
from umbane.sts.parameters import EA, KT
from umbane.sts.tid import require_unexpired

__all__ = ["decode", "encode", "read_message"]


class Decodable(Protocol):
    """A token type that can be read from its content."""

    def from_content(self, subclass: int, content: int, /) -> Token:
        """Read the token."""


DECODABLE: Final[dict[tuple[int, int], Decodable]] = {
    **{(0, subclass): Credit for subclass in range(4)},
    **{(0, subclass): CurrencyCredit for subclass in range(4, 8)},
    **{(1, subclass): InitiateTest for subclass in range(16)},
    **{
        (kind.token_class, kind.subclass): kind
        for kind in (
            SetMaximumPowerLimit,
            ClearCredit,
            SetTariffRate,
            Set1stSectionDecoderKey,
            Set2ndSectionDecoderKey,
            ClearTamperCondition,
            SetMaximumPhasePowerUnbalanceLimit,
            SetWaterMeterFactor,
            Set3rdSectionDecoderKey,
            Set4thSectionDecoderKey,
            ExtendedManagement,
        )
    },
}
"""Every token of the standard by class and subclass."""

BLOCK_MASK: Final = (1 << 64) - 1
PLAIN_CLASS: Final = 1
"""Class 1 is not encrypted."""


def encode(token: Token, key: DecoderKey | None = None, *, tables: StaTables = SAMPLE_TABLES) -> EncodedToken:
    """The digits of a token for the meter that has ``key``.

    Args:
        token: what the meter is to do.
        key: the meter's key; not needed for class 1.
        tables: the EA07 tables. The samples, printed in the standard, are what no meter in the field has.

    Raises:
        KeyUseError: credit under a DDTK.
        KeyExpiredError: the token's TID lies beyond the key's KEN.
        StsInputError: the key is missing, or an argument is of another type.
    """
    if not hasattr(token, "check_bits"):
        raise StsInputError("token", f"a value of type {type(token).__name__} was given", "give a token like Credit")
    bits = message(token)
    if token.token_class == PLAIN_CLASS:
        return EncodedToken(join_class(bits & BLOCK_MASK, PLAIN_CLASS))
    key = require_key(key)
    require_allowed(token, key)
    return EncodedToken(join_class(encipher(bits & BLOCK_MASK, key, tables), token.token_class))


def decode(token: EncodedToken, key: DecoderKey | None = None, *, tables: StaTables = SAMPLE_TABLES) -> Token:
    """The token behind the digits, authenticated: under another key, or with a digit wrong, it has no meaning.

    Args:
        token: what was typed.
        key: the meter's key; not needed for class 1.
        tables: the EA07 tables.

    Raises:
        CrcError: the check bits are wrong (7.3.6).
        MfrCodeError: a class 1 token with a manufacturer code that no meter can have (7.3.6).
        UnknownTokenError: the token is authentic, but reserved or proprietary.
        TokenContentError: the token is authentic, but a field holds a number without a meaning.
        StsInputError: the key is missing, or an argument is of another type.
    """
    block, token_class = split_class(require_type("token", token, EncodedToken).bits)
    if token_class != PLAIN_CLASS:
        block = decipher(block, require_key(key), tables)
    return read_message(token_class << BLOCK_BITS | block)


def read_message(bits: int) -> Token:
    """The token that 66 bits say before they are encrypted: the inverse of ``message``, checked like any token.

    Args:
        bits: Class | SubClass | content | CRC (6.2).

    Raises:
        CrcError: the check bits are wrong (7.3.6).
        MfrCodeError: a class 1 token with a manufacturer code that no meter can have (7.3.6).
        UnknownTokenError: the check bits fit, but the token is reserved or proprietary.
        TokenContentError: the check bits fit, but a field holds a number without a meaning.
        StsInputError: this isn't a number of 66 bits.
    """
    checked, check_bits = divmod(require_secret("message", bits, TOKEN_BITS), 1 << CRC_BITS)
    kinds, content = divmod(checked, 1 << CONTENT_BITS)
    token_class, subclass = divmod(kinds, 1 << SUBCLASS_BITS)
    kind = DECODABLE.get((token_class, subclass))
    if check_bits != (crc_c(checked) if kind is CurrencyCredit else crc(checked)):
        raise CrcError("the check bits are wrong: a digit was mistyped, or the token is for another meter or key")
    if kind is None:
        raise UnknownTokenError(f"class {token_class} subclass {subclass} is reserved or a manufacturer's own")
    return kind.from_content(subclass, content)


def require_key(key: DecoderKey | None) -> DecoderKey:
    """The key; StsInputError if a token of class 0, 2 or 3 was given without one."""
    if key is None:
        raise StsInputError("DecoderKey", "none was given", "give the meter's key: only class 1 tokens go without one")
    return require_type("DecoderKey", key, DecoderKey)


def require_allowed(token: Token, key: DecoderKey) -> None:
    """Refuse what a vending system must not issue: credit under a DDTK, a TID beyond the KEN."""
    if token.token_class == 0:
        key.require_credit()
    tid = getattr(token, "tid", None)
    if tid is not None and key.kt is not KT.DITK:
        require_unexpired(key.ken, tid)


def encipher(block: int, key: DecoderKey, tables: StaTables) -> int:
    """One block under the key's own algorithm."""
    if key.ea is EA.MISTY1:
        return misty1.encrypt(block, key.value)
    return sta.encrypt(block, key.value, require_type("tables", tables, StaTables))


def decipher(block: int, key: DecoderKey, tables: StaTables) -> int:
    """The inverse of ``encipher``."""
    if key.ea is EA.MISTY1:
        return misty1.decrypt(block, key.value)
    return sta.decrypt(block, key.value, require_type("tables", tables, StaTables))
