"""Texts, amounts and dates as banks write them. Amounts become whole minor units and are never a float."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Final

from umbane.errors import shown
from umbane.pricing import CURRENCIES, Currency
from umbane.pricing.currency import LARGEST_AMOUNT
from umbane.trade.statements.errors import EncodingError, TooLargeError, ValueFormatError

__all__ = ["LARGEST_FILE", "account_number", "currency_named", "day", "minor_units", "refuse_too_large", "said"]

LARGEST_FILE: Final = 1 << 24
"""Bytes of the largest file that is read: some thirty thousand entries. Banks can send more as several files."""
LONGEST_TEXT: Final = 1000
"""Characters of what a payer wrote; the standards allow fewer."""
DIGITS: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
ACCOUNT: Final = re.compile(r"[A-Z0-9][A-Z0-9./-]{0,69}", re.ASCII)
FIRST_YEAR: Final = 1990
INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def refuse_too_large(content: bytes) -> None:
    """Refuse a file that no bank sends.

    Raises:
        TooLargeError: it is larger.
    """
    if len(content) > LARGEST_FILE:
        problem = f"it has more than {LARGEST_FILE:,} bytes".replace(",", " ")
        raise TooLargeError(0, "file", problem, "have the bank send it in parts")


def decoded(content: bytes, encoding: str) -> str:
    """Bytes as a text, without a byte-order mark.

    Raises:
        EncodingError: they aren't of this encoding.
    """
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = f"the byte 0x{content[error.start]:02X} is nothing in {encoding}"
        raise EncodingError(
            line, "file", problem, "say in which encoding the bank writes, or save it as UTF-8"
        ) from None


def said(text: str) -> str:
    """What somebody wrote, in single spaces, without what isn't seen, and not longer than can be read."""
    normal = unicodedata.normalize("NFC", text)
    seen = "".join(" " if unicodedata.category(it) in INVISIBLE else it for it in normal)
    return " ".join(seen.split())[:LONGEST_TEXT].strip()


def account_number(line: int, field: str, text: str) -> str:
    """The number of an account, without spaces.

    Raises:
        ValueFormatError: it can't be one.
    """
    bare = "".join(text.split()).upper()
    if not ACCOUNT.fullmatch(bare):
        raise ValueFormatError(line, field, f"{shown(text)} is no number of an account", "up to 70 letters and digits")
    return bare


def currency_named(line: int, field: str, code: str) -> Currency:
    """A currency by its code.

    Raises:
        ValueFormatError: there is none.
    """
    if code not in CURRENCIES:
        raise ValueFormatError(line, field, f"{shown(code)} is no currency", "a code of ISO 4217, such as ZAR")
    return CURRENCIES[code]


def minor_units(line: int, field: str, text: str, currency: Currency, point: str = ".") -> int:
    """The minor units of an amount without a sign and without anything between thousands.

    Zeros beyond the digits of the currency are taken, other digits there are not.

    Raises:
        ValueFormatError: it isn't one, or is beyond 10¹⁵.
    """
    whole, _, part = text.partition(point)
    kept, rest = part[: currency.digits], part[currency.digits :]
    if not DIGITS.fullmatch(whole + part) or not whole or rest.strip("0"):
        example = currency.show(1234 * currency.minor_units).replace(".", point)
        raise ValueFormatError(line, field, f"{shown(text)} is no amount of {currency.code}", f"digits like {example}")
    amount = int(whole + kept.ljust(currency.digits, "0"))
    if amount > LARGEST_AMOUNT:
        raise ValueFormatError(line, field, f"{shown(text)} is too much", f"at most {currency.show(LARGEST_AMOUNT)}")
    return amount


def day(line: int, field: str, text: str, made: Callable[[], date]) -> date:
    """A day that ``made`` makes of a text, when there is such a day and banks had computers.

    Raises:
        ValueFormatError: there is none.
    """
    try:
        found = made()
    except ValueError:
        found = date.min
    if found.year < FIRST_YEAR:
        raise ValueFormatError(line, field, f"{shown(text)} is no day", "a day of the calendar")
    return found
