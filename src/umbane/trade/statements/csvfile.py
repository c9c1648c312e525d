"""A bank's CSV file, read by the description of how that bank writes."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.pricing import Currency
from umbane.trade.statements.checks import check_statement
from umbane.trade.statements.csvlayout import CsvLayout
from umbane.trade.statements.errors import (
    BalanceError,
    CurrencyError,
    EncodingError,
    MalformedError,
    TruncatedError,
    ValueFormatError,
)
from umbane.trade.statements.models import Balance, BankEntry, Party, Statement
from umbane.trade.statements.values import account_number, currency_named, day, decoded, minor_units, said

__all__ = ["read_csv"]

LONGEST_FIELD: Final = 10_000
"""Characters; one that is longer begins with a quotation mark that nobody closed."""
SPACES: Final = " \u00a0\u202f"
"""The kinds of spaces between thousands."""


class Row(NamedTuple):
    """A row: its line, and its fields by the names of their columns."""

    line: int
    fields: dict[str, str]


class Booked(NamedTuple):
    """An entry, and what the account stood at after it."""

    entry: BankEntry
    after: int


def read_csv(content: bytes, layout: CsvLayout) -> Statement:
    """The statement that a bank's CSV file is; it opens with what the account stood at before the first entry.

    Raises:
        StatementError: by the name of the reason.
    """
    rows = list(rows_of(text_of(content, layout), layout))
    if not rows:
        raise TruncatedError(layout.skip + 1, "file", "there is no entry in it", "export days on which money moved")
    account, currency = account_of(rows, layout)
    booked = [entry_of(row, layout, currency) for row in rows]
    if layout.newest_first:
        booked.reverse()
    check_running(booked, currency)
    first, last = booked[0], booked[-1]
    opening = Balance(first.entry.booked, first.after - first.entry.amount)
    closing = Balance(max(it.entry.booked for it in booked), last.after)
    made = Statement(account, currency.code, "", None, opening, closing, tuple(it.entry for it in booked))
    return check_statement(rows[-1].line, made)


def text_of(content: bytes, layout: CsvLayout) -> str:
    """The text of a file."""
    text = decoded(content, layout.encoding)
    if "\0" in text:
        raise EncodingError(text[: text.index("\0")].count("\n") + 1, "file", "it has NUL in it", "name its encoding")
    return text


def rows_of(text: str, layout: CsvLayout) -> Iterator[Row]:
    """The rows of a file, by the columns that are wanted."""
    lines = io.StringIO(text, newline="")
    for _ in range(layout.skip):
        lines.readline()
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    header: list[str] | None = None
    while True:
        line = layout.skip + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise MalformedError(line, "row", str(error), "close every quotation mark") from None
        if cells is None:
            return
        if not any(it.strip() for it in cells):
            continue
        if header is None:
            header = header_of(line, cells, layout)
            continue
        if len(cells) != len(header) or any(len(it) > LONGEST_FIELD for it in cells):
            kind = TruncatedError if len(cells) < len(header) else MalformedError
            raise kind(line, "row", f"it has {len(cells)} fields", f"each has {len(header)}, as the columns")
        yield Row(line, dict(zip(header, map(str.strip, cells), strict=True)))


def header_of(line: int, cells: Sequence[str], layout: CsvLayout) -> list[str]:
    """The names of the columns, when all are there that are wanted."""
    names = [it.strip() for it in cells]
    of = layout.columns
    single = (
        of.booked,
        of.balance,
        of.amount,
        of.credit,
        of.debit,
        of.valued,
        of.reference,
        of.given,
        of.name,
        of.party,
    )
    for name in [*(it for it in single if it), *of.text]:
        if names.count(name) != 1:
            problem = (
                f"there is no column {shown(name)}" if name not in names else f"there are two columns {shown(name)}"
            )
            raise MalformedError(line, "columns", problem, f"the file has {', '.join(names)}"[:200])
    return names


def account_of(rows: Sequence[Row], layout: CsvLayout) -> tuple[str, Currency]:
    """Whose the entries are and their currency: the same in all of them."""
    first = rows[0]
    account, code = (first.fields.get(it, it) for it in (layout.account, layout.currency))
    for row in rows:
        if row.fields.get(layout.currency, code) != code:
            other = shown(row.fields[layout.currency])
            raise CurrencyError(row.line, layout.currency, f"it is in {other}", f"the account is kept in {shown(code)}")
        if row.fields.get(layout.account, account) != account:
            raise MalformedError(row.line, layout.account, "it is of another account", "a file for each account")
    number = account_number(first.line, layout.account, account)
    return number, currency_named(first.line, layout.currency, code)


def check_running(booked: Sequence[Booked], currency: Currency) -> None:
    """Check that every entry leads from the balance before it to the one after it.

    Raises:
        BalanceError: one doesn't: something was changed, left out, doubled or moved.
    """
    for before, it in pairwise(booked):
        if before.after + it.entry.amount != it.after:
            expected, found = currency.show(before.after + it.entry.amount), currency.show(it.after)
            problem = f"after the entry before, it leads to {expected} and not to {found}"
            raise BalanceError(
                it.entry.line, "balance", problem, "export it again: entries are missing, moved or changed"
            )


# ------------------------------------------------------------------------------------------------------------ one entry


def entry_of(row: Row, layout: CsvLayout, currency: Currency) -> Booked:
    """The entry of a row."""
    of, fields = layout.columns, row.fields
    booked = date_of(row, of.booked, layout)
    entry = BankEntry(
        reference=said(fields.get(of.reference or "", "")),
        given=said(fields.get(of.given or "", "")),
        booked=booked,
        valued=date_of(row, of.valued, layout) if of.valued and fields[of.valued] else booked,
        amount=amount_of(row, layout, currency),
        text=said(" ".join(fields[it] for it in of.text)),
        party=Party(said(fields.get(of.name or "", "")), "".join(fields.get(of.party or "", "").split()).upper()),
        line=row.line,
    )
    return Booked(entry, money(row, of.balance, layout, currency))


def amount_of(row: Row, layout: CsvLayout, currency: Currency) -> int:
    """What came in, or below zero what went out."""
    of = layout.columns
    if of.amount:
        return money(row, of.amount, layout, currency)
    parts = [(sign, it) for sign, it in ((1, of.credit), (-1, of.debit)) if it and row.fields[it]]
    if len(parts) != 1:
        raise ValueFormatError(
            row.line, of.credit or "", "an entry comes in or goes out", "fill one of the two columns"
        )
    sign, column = parts[0]
    return sign * abs(money(row, column, layout, currency))


def money(row: Row, column: str, layout: CsvLayout, currency: Currency) -> int:
    """The minor units in a column; the sign may stand before or behind, in brackets, or as Cr and Dr."""
    text = row.fields[column]
    bare, negative = unsigned(text)
    for mark in SPACES if layout.thousands == " " else layout.thousands:
        bare = bare.replace(mark, "")
    amount = minor_units(row.line, column, bare, currency, layout.decimal)
    return -amount if negative else amount


def unsigned(text: str) -> tuple[str, bool]:
    """An amount without its sign, and whether it is below zero."""
    bare = text.replace("\u2212", "-").strip(SPACES)
    lowered = bare.lower()
    if bare.startswith("(") and bare.endswith(")"):
        return bare[1:-1].strip(SPACES), True
    if lowered.endswith(("cr", "dr")):
        return bare[:-2].strip(SPACES), lowered.endswith("dr")
    if bare.endswith(("-", "+")):
        return bare[:-1].strip(SPACES), bare.endswith("-")
    if bare.startswith(("-", "+")):
        return bare[1:].strip(SPACES), bare.startswith("-")
    return bare, False


def date_of(row: Row, column: str, layout: CsvLayout) -> date:
    """The day in a column."""
    text, numbers = row.fields[column], dict[str, int]()
    place, form, rest = 0, layout.dates, text
    while place < len(form):
        part = next((it for it in ("YYYY", "YY", "MM", "DD") if form.startswith(it, place)), form[place])
        place += len(part)
        taken, rest = rest[: len(part)], rest[len(part) :]
        if part.isalpha() and taken.isascii() and taken.isdigit() and len(taken) == len(part):
            numbers[part] = int(taken)
        elif taken != part:
            break
    whole = not rest and len(numbers) == 3  # noqa: PLR2004 - day, month and year
    year = numbers.get("YYYY", 2000 + numbers.get("YY", 0)) if whole else 0
    return day(row.line, column, text, lambda: date(year, numbers.get("MM", 0), numbers.get("DD", 0)))
