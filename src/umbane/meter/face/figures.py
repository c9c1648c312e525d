"""Numbers as a small display writes them: integers only, cut off towards zero, so that nothing looks like more."""

from datetime import timedelta
from typing import Final

__all__ = ["REGISTER_NAMES", "amount", "decimal", "grouped", "kwh", "span"]

GROUP: Final = 4
"""Digits of a token are shown in groups of four, as they are printed."""

CURRENCY_PLACES: Final = 5
SHOWN_PLACES: Final = 2

REGISTER_NAMES: Final = (
    "electricity",
    "water",
    "gas",
    "time",
    "money for electricity",
    "money for water",
    "money for gas",
    "money for time",
)
"""What each credit register holds, by subclass."""

UNITS: Final = ("kWh", "m3 water", "m3 gas", "", "", "water", "gas", "time")
TIME: Final = 3
FIRST_CURRENCY: Final = 4


def decimal(number: int, places: int) -> str:
    """``number`` in units of ten to the minus ``places``, with that many decimals: 1234 and 1 are 123.4."""
    whole, fraction = divmod(abs(number), 10**places)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{fraction:0{places}}" if places else f"{sign}{whole}"


def cut(number: int, digits: int) -> int:
    """``number`` without its last ``digits``, cut off towards zero."""
    whole = int(abs(number) // 10**digits)
    return -whole if number < 0 else whole


def kwh(watt_hours: int, places: int = 1) -> str:
    """Wh as kWh with up to three decimals, without the unit."""
    return decimal(cut(watt_hours, 3 - places), places)


def span(time: timedelta) -> str:
    """A length of time as people say it: ``3 d 04:20``, ``04:20``, ``1:05 min`` or ``5 s``."""
    sign = "-" if time < timedelta(0) else ""
    seconds = abs(time) // timedelta(seconds=1)
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86_400
    if days:
        return f"{sign}{days} d {hours:02}:{minutes:02}"
    if hours:
        return f"{sign}{hours:02}:{minutes:02}"
    return f"{sign}{minutes}:{seconds % 60:02} min" if minutes else f"{sign}{seconds} s"


def amount(least_units: int, subclass: int) -> str:
    """Credit of a subclass, given in the least units of its tokens, with its unit."""
    if subclass == TIME:
        return span(timedelta(seconds=6) * least_units)
    if subclass >= FIRST_CURRENCY:
        money = decimal(cut(least_units, CURRENCY_PLACES - SHOWN_PLACES), SHOWN_PLACES)
        return f"{money} {UNITS[subclass]}".rstrip()
    return f"{decimal(least_units, 1)} {UNITS[subclass]}"


def grouped(digits: str) -> str:
    """Digits in groups of four."""
    return " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))
