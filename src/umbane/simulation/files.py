"""The two files of a story: who has which meter, and who bought what when."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from umbane.errors import InputError, shown
from umbane.registry.texts import clean
from umbane.simulation.errors import TableFileError
from umbane.simulation.load import LOADS
from umbane.simulation.models import Action, Arrear, Household, Purchase
from umbane.simulation.tables import Row, read_table
from umbane.sts import EA, KRN, SGC, TI, MeterPAN

__all__ = ["read_households", "read_purchases"]

HOUSEHOLD_COLUMNS: Final = (
    "meter", "customer", "tariff", "ea", "sgc", "krn", "ti", "load", "arrears", "free_from", "opening_kwh",
)  # fmt: skip
PURCHASE_COLUMNS: Final = ("id", "time", "meter", "action", "value")
MAX_ID: Final = 40
MAX_NAME: Final = 80
MAX_OPENING: Final = 100_000
"""kWh."""

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)", re.ASCII)
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FIRST: Final = datetime(2014, 1, 3, tzinfo=UTC)
LAST: Final = datetime(2045, 1, 1, tzinfo=UTC)
"""Moments that the tokens' base date, 2014, counts to, with room for what comes before and after a purchase."""


def read_households(path: Path) -> dict[MeterPAN, Household]:
    """Every household of a file, by its meter.

    Raises:
        TableFileError: the file or any line of it is wrong: a story with half its people isn't told.
    """
    households: dict[MeterPAN, Household] = {}
    for row in read_table(path, HOUSEHOLD_COLUMNS):
        if isinstance(row, TableFileError):
            raise row
        household = parse_household(row)
        if household.pan in households:
            raise row.error("meter", f"{household.pan.drn} has a line already", "give each meter one line")
        households[household.pan] = household
    if not households:
        raise TableFileError(path.name, "it holds no household", "give one line for each meter")
    return households


def parse_household(row: Row) -> Household:
    """One line of the households file."""
    if row["load"] not in LOADS:
        raise row.error("load", f"{shown(row['load'])} is no load", f"give one of {', '.join(LOADS)}")
    opening = whole(row, "opening_kwh")
    if opening > MAX_OPENING:
        raise row.error("opening_kwh", f"{opening} is more than a meter begins with", f"give at most {MAX_OPENING:,}")
    try:
        return Household(
            where=row.where,
            customer=parse_name(row, "customer"),
            pan=MeterPAN.parse(row["meter"]),
            tariff=row["tariff"],
            ea=EA(whole(row, "ea")),
            sgc=SGC.parse(row["sgc"]),
            krn=KRN(whole(row, "krn")),
            ti=TI.parse(row["ti"]),
            load=row["load"],
            arrears=tuple(parse_arrear(row, words) for words in row["arrears"].split()),
            free_from=parse_day(row, "free_from"),
            opening_units=10 * opening,
        )
    except TableFileError:
        raise
    except InputError as error:
        raise row.error(error.field, error.problem, error.remedy) from None


def parse_name(row: Row, column: str) -> str:
    """A column that holds a person's name."""
    try:
        return clean(column, row[column], MAX_NAME)
    except InputError as error:
        raise row.error(column, error.problem, error.remedy) from None


def whole(row: Row, column: str) -> int:
    """A column that holds a number of at most nine digits."""
    text = row[column]
    if not (text.isascii() and text.isdigit() and len(text) <= len("999999999")):
        raise row.error(column, f"{shown(text)} is not a whole number", "give digits 0-9 only")
    return int(text)


def parse_arrear(row: Row, words: str) -> Arrear:
    """A debt written as kind:amount, or kind:amount:percent."""
    kind, amount, percent, *rest = [*words.split(":"), "", ""]
    if not (kind and amount) or any(rest):
        remedy = "give kind:amount or kind:amount:percent, such as services:450.00:30"
        raise row.error("arrears", f"{shown(words)} is no debt", remedy)
    return Arrear(kind, amount, percent or None)


def parse_day(row: Row, column: str) -> date | None:
    """A column that holds a date, or nothing."""
    if not row[column]:
        return None
    try:
        return date.fromisoformat(row[column] if DAY.fullmatch(row[column]) else "")
    except ValueError:
        raise row.error(column, f"{shown(row[column])} is no date", "give one such as 2025-07-01") from None


def read_purchases(path: Path) -> Iterator[Purchase | TableFileError]:
    """Yield each line of a purchases file as a purchase, or as the error that makes it none.

    Raises:
        TableFileError: the file as a whole can't be read.
    """
    for row in read_table(path, PURCHASE_COLUMNS):
        try:
            yield row if isinstance(row, TableFileError) else parse_purchase(row)
        except TableFileError as error:
            yield error


def parse_purchase(row: Row) -> Purchase:
    """One line of a purchases file; whether its meter exists and its value makes sense is asked at the sale."""
    if not 0 < len(row["id"]) <= MAX_ID:
        raise row.error("id", f"{shown(row['id'])} is no id", f"give 1 to {MAX_ID} characters, of its own each")
    if row["action"] not in list(Action):
        raise row.error("action", f"{shown(row['action'])} is no action", f"give one of {', '.join(Action)}")
    if row["action"] == Action.TENANT and row["value"]:
        parse_name(row, "value")
    return Purchase(row.where, row["id"], parse_time(row), row["meter"], Action(row["action"]), row["value"])


def parse_time(row: Row) -> datetime:
    """The time column: ISO 8601 with an offset, because meters of several countries stand in one file."""
    text = row["time"]
    try:
        time = datetime.fromisoformat(text if MOMENT.fullmatch(text) else "")
    except ValueError:
        remedy = "give one such as 2025-07-03T18:20+02:00"
        raise row.error("time", f"{shown(text)} is no moment with an offset from UTC", remedy) from None
    if not FIRST <= time <= LAST:
        raise row.error("time", f"{text} is out of range", f"give one from {FIRST:%Y-%m-%d} to {LAST:%Y-%m-%d}")
    return time
