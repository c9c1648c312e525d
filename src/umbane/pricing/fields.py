"""The kinds of value in a tariff document, each made from the text that was written, exactly, or refused in words."""

import re
from datetime import date, time
from fractions import Fraction
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from umbane.errors import shown
from umbane.pricing.currency import CURRENCIES, Currency

__all__ = [
    "MILLION",
    "CurrencyCode",
    "Day",
    "Flag",
    "Month",
    "Name",
    "Percent",
    "Price",
    "Tenths",
    "Text",
    "TimeOfDay",
    "Whole",
    "Zone",
    "wrong",
]

MILLION: Final = 1_000_000
"""Shares of money are counted in millionths: a percentage may have four digits after the point."""

NUMBER: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])", re.ASCII)
CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
ZONE: Final = re.compile(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*", re.ASCII)
LONGEST_TEXT: Final = 1000


def wrong(problem: str, remedy: str) -> PydanticCustomError:
    """What a check raises: pydantic collects it with the place it came from."""
    return PydanticCustomError("umbane", "{problem}; {remedy}", {"problem": problem, "remedy": remedy})


def _text(value: object, what: str, example: str) -> str:
    if not isinstance(value, str):
        raise wrong(f"a {'list' if isinstance(value, list) else 'mapping'} where {what} belongs", f"write {example}")
    return value


def _matched(pattern: re.Pattern[str], value: object, what: str, example: str) -> str:
    text = _text(value, what, example)
    if not pattern.fullmatch(text):
        raise wrong(f"{shown(text)} is not {what}", f"write {example}")
    return text


def number(value: object) -> Fraction:
    """Exactly the number that was written."""
    return Fraction(_matched(NUMBER, value, "a plain number, zero or more", "digits like 3.425"))


def percent(value: object) -> Fraction:
    """A percentage from 0 to 100 as a ratio: 15 is 15/100."""
    ratio = Fraction(_matched(NUMBER, value, "a percentage", "digits like 16 or 7.5")) / 100
    if ratio > 1:
        raise wrong(f"{shown(value)} per cent is more than everything", "at most 100")
    if (ratio * MILLION).denominator != 1:
        raise wrong(f"{shown(value)} has too many digits", "at most four after the point")
    return ratio


def tenths(value: object) -> int:
    """An amount of energy, in tenths of a unit: STS tokens carry steps of 0.1 kWh (IEC 62055-41 6.3.6)."""
    exact = number(value) * 10
    if exact.denominator != 1:
        raise wrong(f"{shown(value)} is finer than a token", "steps of 0.1")
    return exact.numerator


def whole(value: object) -> int:
    """A whole number."""
    exact = number(value)
    if exact.denominator != 1:
        raise wrong(f"{shown(value)} is not a whole number", "write digits like 30")
    return exact.numerator


def flag(value: object) -> bool:
    """True or false, written so."""
    return _matched(re.compile("true|false"), value, "true or false", "true or false") == "true"


def day(value: object) -> date:
    """A date."""
    text = _matched(DAY, value, "a date", "year-month-day, like 2026-07-01")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong(f"{text} is not in the calendar", "a day that exists") from None


def month(value: object) -> date:
    """A month, as its first day."""
    return date.fromisoformat(_matched(MONTH, value, "a month", "year-month, like 2026-07") + "-01")


def clock(value: object) -> time:
    """A time of day."""
    return time.fromisoformat(_matched(CLOCK, value, "a time of day", 'hours and minutes, like "06:00"'))


def text(value: object) -> str:
    """Words for people."""
    words = " ".join(_text(value, "words", "one line of text").split())
    if not words or not words.isprintable() or len(words) > LONGEST_TEXT:
        raise wrong(f"{shown(words)} is not a line of text", f"1 to {LONGEST_TEXT} printable characters")
    return words


def name(value: object) -> str:
    """A name for use inside the document."""
    return _matched(NAME, value, "a name", "lower-case letters, digits, - and _, like service_charge")


def currency(value: object) -> Currency:
    """A currency by its code."""
    code = _text(value, "a currency", "its ISO 4217 code, like ZAR")
    if code not in CURRENCIES:
        raise wrong(f"{shown(code)} is not a currency", "its ISO 4217 code, like ZAR")
    return CURRENCIES[code]


def zone(value: object) -> ZoneInfo:
    """A time zone by its name."""
    key = _matched(ZONE, value, "a time zone", "its IANA name, like Africa/Johannesburg")
    try:
        return ZoneInfo(key)
    except (OSError, ValueError, LookupError):
        raise wrong(f"{shown(key)} is not a known time zone", "its IANA name, like Africa/Johannesburg") from None


def _written(pattern: str, description: str) -> WithJsonSchema:
    """The schema of a number, which an editor may read as a number or as text."""
    return WithJsonSchema({"type": ["number", "string"], "pattern": f"^{pattern}$", "description": description})


def _string(pattern: str, description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "description": description})


Price = Annotated[Fraction, PlainValidator(number), _written(NUMBER.pattern, "In major units, exact as written")]
Percent = Annotated[Fraction, PlainValidator(percent), _written(NUMBER.pattern, "0 to 100, up to four decimals")]
Tenths = Annotated[int, PlainValidator(tenths), _written(r"[0-9]{1,12}(\.[0-9])?", "Energy in steps of 0.1")]
Whole = Annotated[int, PlainValidator(whole), _written("[0-9]{1,12}", "A whole number")]
Flag = Annotated[bool, PlainValidator(flag), WithJsonSchema({"type": "boolean"})]
Day = Annotated[date, PlainValidator(day), WithJsonSchema({"type": "string", "format": "date"})]
Month = Annotated[date, PlainValidator(month), _string(MONTH.pattern, "Year and month")]
TimeOfDay = Annotated[time, PlainValidator(clock), _string(CLOCK.pattern, "Hours and minutes, in quotes")]
Text = Annotated[
    str, PlainValidator(text), WithJsonSchema({"type": ["string", "number"], "maxLength": LONGEST_TEXT, "minLength": 1})
]
Name = Annotated[str, PlainValidator(name), _string(NAME.pattern, "A name inside the document")]
CurrencyCode = Annotated[
    Currency, PlainValidator(currency), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)})
]
Zone = Annotated[ZoneInfo, PlainValidator(zone), _string(ZONE.pattern, "An IANA time zone")]
