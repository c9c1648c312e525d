"""MT940, SWIFT's customer statement: fields that begin with a tag such as `:61:`, page after page.

Read here and not by the library that most use: that one is made to read whatever banks write. It takes the statements
of a file as one, passes over what it doesn't know, and says neither line nor field. What restores a vendor's float has
to be refused as soon as something is missing.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.pricing import Currency
from umbane.trade.statements.checks import check_statement, check_together
from umbane.trade.statements.errors import (
    CurrencyError,
    EncodingError,
    MalformedError,
    OrderError,
    TruncatedError,
    ValueFormatError,
)
from umbane.trade.statements.models import Balance, BankEntry, Statement
from umbane.trade.statements.narrative import is_structured, told
from umbane.trade.statements.values import account_number, currency_named, day, decoded, minor_units, said

__all__ = ["read_mt940"]

TAG: Final = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.ASCII)
HEADER: Final = re.compile(r"\{1:.*\{4:|\{[1-4]:[^:]*")
"""What stands before a message that comes as SWIFT carries it."""
SENDER: Final = re.compile(r"[A-Z0-9]{3,14}", re.ASCII)
"""What some banks write between messages: their own code, and 940."""
END: Final = re.compile(r"-(\}(\{5:.*)?)?$")
BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15},[0-9]{0,3})", re.ASCII)
NUMBER: Final = re.compile(r"([0-9]{1,9})(?:/([0-9]{1,5}))?", re.ASCII)
ENTRY: Final = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?(?P<amount>[0-9]{1,15},[0-9]{0,3})"
    r"(?P<type>[A-Z][A-Z0-9]{3})(?P<given>(?:(?!//).){0,34}?)(?://(?P<bank>.{0,34}))?",
    re.ASCII,
)
NEEDED: Final = {"20": "20", "25": "25", "25P": "25", "28": "28C", "28C": "28C"}
"""The tags with which a message begins, and which of them are the same."""
AFTER: Final = frozenset({"64", "65", "86"})
"""What may come after the closing balance."""
PASSED: Final = frozenset({"13D", "21", "34F", "90C", "90D"})
"""Tags that say nothing that is needed here."""
FULL: Final = 65
"""Characters of a whole line of a text: what follows such a line follows without a space."""
MOST_LINES: Final = 100
"""Lines of a field; SWIFT allows six."""
HALF_A_YEAR: Final = 183


class Tagged(NamedTuple):
    """A field: on which line it begins, its tag, and its lines."""

    line: int
    tag: str
    lines: list[str]

    @property
    def text(self) -> str:
        """Its first line."""
        return self.lines[0].strip()


@dataclass(slots=True)
class Page:
    """A message: a statement, or a page of one that is too long for one message.

    Attributes:
        line, last: where it begins and ends.
        head: its first fields, by their tags.
        opening, closing: its balances.
        entries: its entries, each with its text.
    """

    line: int
    last: int = 0
    head: dict[str, Tagged] = field(default_factory=dict)
    opening: Tagged | None = None
    closing: Tagged | None = None
    entries: list[tuple[Tagged, Tagged | None]] = field(default_factory=list)


def read_mt940(content: bytes) -> Sequence[Statement]:
    """The statements in a file of MT940 messages.

    Raises:
        StatementError: by the name of the reason.
    """
    statements: list[Statement] = []
    group: list[Page] = []
    for page in pages_of(fields_of(text_of(content))):
        group.append(page)
        if closing_of(page).tag == "62F":
            statements.append(joined(group))
            group = []
    if group:
        problem = "the statement goes on after this page, and its last page is missing"
        raise TruncatedError(group[-1].last, ":62F:", problem, "give the file as the bank sent it")
    if not statements:
        raise MalformedError(0, "file", "there is no statement in it", "begin with a line such as :20:STATEMENT")
    return check_together(statements)


def text_of(content: bytes) -> str:
    """The text of a file, in UTF-8 or in the code page that banks used before."""
    try:
        text = decoded(content, "utf-8")
    except EncodingError:
        text = decoded(content, "cp1252")
    if "\0" in text:
        raise EncodingError(text[: text.index("\0")].count("\n") + 1, "file", "it has NUL in it", "save it as UTF-8")
    if text.count("{4:") > text.count("\n-}"):
        raise TruncatedError(text.count("\n") + 1, "file", "a message has no end", "give the file as the bank sent it")
    return text


# ------------------------------------------------------------------------------------------------------ lines to fields


def fields_of(text: str) -> Iterator[Tagged]:
    """The fields of a text, and one with the tag "-" where a message ends; what stands round a message is left out.

    Raises:
        MalformedError: a line belongs to no field.
    """
    current: Tagged | None = None
    for number, raw in enumerate(io.StringIO(text, newline=None), 1):
        line = raw.removesuffix("\n")
        begins = TAG.fullmatch(HEADER.sub("", line))
        if begins or END.match(line.rstrip()):
            if current:
                yield current
            current = Tagged(number, begins[1], [begins[2]]) if begins else None
            if not begins:
                yield Tagged(number, "-", [line])
        elif line.strip() and not HEADER.fullmatch(line):
            if current is None and SENDER.fullmatch(line.strip()):
                continue
            if current is None:
                raise MalformedError(
                    number, "line", f"{shown(line)} belongs to no field", "a field begins as :61: does"
                )
            current.lines.append(line)
            if len(current.lines) > MOST_LINES:
                raise MalformedError(number, f":{current.tag}:", "it has no end", "give the file as the bank sent it")
    if current:
        yield current


def pages_of(fields: Iterator[Tagged]) -> Iterator[Page]:
    """The messages that the fields make."""
    page: Page | None = None
    for it in fields:
        if page and it.tag in {"-", "20"}:
            yield page
            page = None
        if it.tag != "-":
            page = page or Page(it.line)
            page.last = it.line + len(it.lines) - 1
            place(page, it)
    if page:
        yield page


def place(page: Page, it: Tagged) -> None:
    """Put a field where it belongs in its message.

    Raises:
        MalformedError: it doesn't belong there.
    """
    tag, unopened = it.tag, page.opening is None
    if tag in NEEDED and unopened and NEEDED[tag] not in page.head:
        page.head[NEEDED[tag]] = it
    elif tag in {"60F", "60M"} and unopened:
        page.opening = it
    elif tag in {"62F", "62M"} and not unopened and page.closing is None:
        page.closing = it
    elif tag == "61" and not unopened and page.closing is None:
        page.entries.append((it, None))
    elif tag == "86" and page.entries and page.closing is None and page.entries[-1][1] is None:
        page.entries[-1] = page.entries[-1][0], it
    elif tag not in PASSED and not (tag in AFTER and page.closing):
        raise MalformedError(it.line, f":{tag}:", "it doesn't belong here", "give the file as the bank sent it")


# ------------------------------------------------------------------------------------------------- fields to statements


def closing_of(page: Page) -> Tagged:
    """The closing balance of a page that has all it needs.

    Raises:
        TruncatedError: something is missing.
    """
    for tag in ("20", "25", "28C"):
        if tag not in page.head:
            raise TruncatedError(page.line, f":{tag}:", "the message has none", "give the file as the bank sent it")
    if page.opening is None or page.closing is None:
        tag = ":60F:" if page.opening is None else ":62F:"
        raise TruncatedError(page.last, tag, "the message has none", "give the file as the bank sent it, to its end")
    return page.closing


def joined(pages: Sequence[Page]) -> Statement:
    """The statement that its pages make."""
    first, last = pages[0], pages[-1]
    account = account_of(first)
    sequence, number = number_of(first)
    opening, currency = balance_of(first.opening)
    if opening_tag(first).tag != "60F":
        problem = "the first page of the statement is missing"
        raise OrderError(first.line, ":60M:", problem, "give the file as the bank sent it, from its beginning")
    reached, entries = opening, list[BankEntry]()
    for place_, page in enumerate(pages):
        if place_:
            check_next(page, (account, sequence, number + place_), reached)
        entries += [entry_of(*it, currency) for it in page.entries]
        reached, _ = balance_of(page.closing, currency)
    name = said(first.head["20"].text)
    made = Statement(account, currency.code, name, sequence, opening, reached, tuple(entries))
    return check_statement(last.last, made)


def check_next(page: Page, expected: tuple[str, int, int], reached: Balance) -> None:
    """Check that a page follows the one before.

    Raises:
        OrderError: it doesn't.
    """
    found = (account_of(page), *number_of(page))
    opening, _ = balance_of(page.opening)
    if opening_tag(page).tag != "60M" or found != expected or opening.amount != reached.amount:
        problem = "this page doesn't follow the one before it"
        raise OrderError(page.line, ":28C:", problem, "give all pages of a statement, in their order")


def opening_tag(page: Page) -> Tagged:
    """The opening balance of a page that has one, as `closing_of` has seen to."""
    return page.opening or page.head["20"]


def account_of(page: Page) -> str:
    """The number of the account."""
    it = page.head["25"]
    return account_number(it.line, ":25:", it.text)


def number_of(page: Page) -> tuple[int, int]:
    """The number of the statement, and of the page, from 1."""
    it = page.head["28C"]
    found = NUMBER.fullmatch(it.text)
    if not found:
        raise ValueFormatError(it.line, ":28C:", f"{shown(it.text)} is no number", "digits such as 235/1")
    return int(found[1]), int(found[2] or 1)


def balance_of(it: Tagged | None, expected: Currency | None = None) -> tuple[Balance, Currency]:
    """A balance and its currency."""
    line, tag, text = (it.line, f":{it.tag}:", it.text) if it else (0, ":60F:", "")
    found = BALANCE.fullmatch(text)
    if not found:
        raise ValueFormatError(line, tag, f"{shown(text)} is no balance", "one such as C260131ZAR1234,50")
    currency = currency_named(line, tag, found[3])
    if expected and currency != expected:
        raise CurrencyError(line, tag, f"it is in {currency.code}", f"the account is kept in {expected.code}")
    amount = minor_units(line, tag, found[4], currency, ",")
    return Balance(short_day(line, tag, found[2]), -amount if found[1] == "D" else amount), currency


def short_day(line: int, tag: str, text: str) -> date:
    """A day of six digits."""
    year, month, of_month = int(text[:2]), int(text[2:4]), int(text[4:])
    return day(line, tag, text, lambda: date(2000 + year, month, of_month))


def entry_of(it: Tagged, narrative: Tagged | None, currency: Currency) -> BankEntry:
    """An entry: what the bank says of it, and what the payer wrote."""
    found = ENTRY.fullmatch(it.text)
    if not found or len(it.lines) > 2:  # noqa: PLR2004 - its own line, and one for more of it
        raise ValueFormatError(it.line, ":61:", f"{shown(it.text)} is no entry", "see what the bank sent")
    funds, code = found["funds"], currency.code
    if funds and funds != code[2]:
        raise CurrencyError(it.line, ":61:", f"its currency ends with {funds}", f"the account is kept in {code}")
    valued = short_day(it.line, ":61:", found["value"])
    amount = minor_units(it.line, ":61:", found["amount"], currency, ",")
    mark = found["mark"]
    entry = BankEntry(
        reference=said(found["bank"] or ""),
        given=said(found["given"]),
        booked=booked_day(it.line, valued, found["entry"]),
        valued=valued,
        amount=amount if mark in {"C", "RD"} else -amount,
        reversal=mark.startswith("R"),
        line=it.line,
    )
    supplement = it.lines[1] if len(it.lines) > 1 else ""
    text, given, party = told(whole(narrative), supplement)
    return replace(entry, text=text, given=given or entry.given, party=party)


def booked_day(line: int, valued: date, text: str | None) -> date:
    """The day of an entry, which has no year: that of the value date, or the one before or after, whichever is near."""
    if not text:
        return valued
    month, of_month = int(text[:2]), int(text[2:])
    near = date(2000, month, 1) if 1 <= month <= 12 else None  # noqa: PLR2004 - months of a year
    distance = (near - date(2000, valued.month, 1)).days if near else 0
    year = valued.year + (distance < -HALF_A_YEAR) - (distance > HALF_A_YEAR)
    return day(line, ":61:", text, lambda: date(year, month, of_month))


def whole(narrative: Tagged | None) -> str:
    """The lines of a text as one: a full line goes on in the next."""
    if narrative is None:
        return ""
    structured = is_structured(narrative.text)
    return "".join(it if structured or len(it) >= FULL else f"{it} " for it in narrative.lines)
