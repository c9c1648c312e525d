"""The books: trial balance, accounts, statements, and periods that are over."""

from contextlib import aclosing
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.lookups import cursor, no_cursor, place_from
from umbane.api.managing.moments import EPOCH, Moment, checked, is_ours
from umbane.api.managing.paging import PageQuery
from umbane.api.managing.writing import once
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.db import Connection, NewJob, enqueue
from umbane.errors import InputError
from umbane.ledger import Statement, StatementLine, UnknownAccountError, statement, trial_balance
from umbane.ledger.models import Account
from umbane.ledger.periods import mark_closed, periods
from umbane.ledger.reading import BEGINNING, find
from umbane.registry import Scope, texts

__all__ = ["OPERATIONS", "SUMMING"]

SUMMING: Final = "books.sum"
"""The job that sums a period that was closed."""

PATIENCE: Final = 60.0
"""Seconds that a page of the books may take; who looks at all of them takes `umbane books`."""
LARGEST_NUMBER: Final = 2**31 - 1
LONGEST_NOTE: Final = 200

Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,39}$(?!\n)")]


class UntilQuery(wire.Asked, frozen=True):
    """At which instant?"""

    until: Annotated[Moment | None, Meta(description="what was booked before it; without it all")] = None


class TrialOut(wire.Told, frozen=True):
    """All accounts of one kind, name and unit together."""

    kind: str
    title: str
    nature: str
    name: str
    unit: Annotated[str, Meta(description="a currency, counted in minor units, or kWh, counted in tenths")]
    accounts: int
    debits: int
    credits: int
    balance: Annotated[int, Meta(description="above zero on the debit side")]


class TrialBalanceOut(wire.Told, frozen=True):
    """Debits and credits; in each unit their sums are equal."""

    until: datetime
    items: list[TrialOut]


class AccountsQuery(PageQuery, frozen=True):
    """Which accounts?"""

    kind: Kind | None = None
    owner: Annotated[UUID | None, Meta(description="the vendor or contract")] = None


class AccountOut(wire.Told, frozen=True):
    """An account."""

    number: int
    kind: str
    title: str
    nature: str
    name: str
    unit: str
    owner: UUID | None


class AccountsPage(wire.Told, frozen=True):
    """A page of accounts."""

    items: list[AccountOut]
    next_cursor: str | None


class StatementQuery(PageQuery, frozen=True):
    """From when to when?"""

    since: Moment | None = None
    until: Moment | None = None


class PostingOut(wire.Told, frozen=True):
    """One posting of an account."""

    at: datetime
    entry: UUID
    kind: str
    amount: Annotated[int, Meta(description="above zero a debit")]
    balance: Annotated[int, Meta(description="what the account stood at after it")]
    source: UUID | None
    happened_at: datetime | None
    note: str | None


class StatementOut(wire.Told, frozen=True):
    """A page of what happened on an account."""

    account: AccountOut
    opening: Annotated[int, Meta(description="what it stood at before the first posting of this page")]
    items: list[PostingOut]
    next_cursor: str | None


class PeriodIn(wire.Asked, frozen=True):
    """Up to when the books are closed."""

    until: Annotated[Moment, Meta(description="the first instant that stays open")]
    note: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]


class PeriodOut(wire.Told, frozen=True):
    """A period that is closed."""

    until: datetime
    closed_at: datetime
    note: str | None
    summed: Annotated[bool, Meta(description="whether its sums are ready; until then balances take longer")]


class PeriodsOut(wire.Told, frozen=True):
    """All closed periods, the last one first."""

    items: list[PeriodOut]


async def trial(desk: Desk, call: Call) -> Reply:
    """What all accounts stand at."""
    until = moment_in("until", call.query.until, desk.now())
    async with desk.database.reading() as connection:
        lines = await trial_balance(connection, call.who.utility_id, until, patience=PATIENCE)
    items = [
        TrialOut(it.kind, it.title, it.nature, it.name, it.unit, it.accounts, it.debits, it.credits, it.balance)
        for it in lines
    ]
    return Reply(TrialBalanceOut(until, items))


async def accounts(desk: Desk, call: Call) -> Reply:
    """A page of them, by their numbers."""
    query: AccountsQuery = call.query
    after = number_from(query.cursor)
    async with desk.database.reading() as connection:
        found = await find(
            connection, call.who.utility_id, kind=query.kind, owner=query.owner, after=after, limit=query.limit + 1
        )
    items = [account_out(it) for it in found[: query.limit]]
    following = cursor(items[-1].number.to_bytes(4)) if len(found) > query.limit else None
    return Reply(AccountsPage(items, following))


async def statement_page(desk: Desk, call: Call) -> Reply:
    """What happened on an account, a page of it."""
    query: StatementQuery = call.query
    at, skip = position_from(query.cursor)
    since, until = at or moment_in("since", query.since, BEGINNING), moment_in("until", query.until, desk.now())
    async with desk.database.reading() as connection:
        try:
            found = await statement(
                connection, call.who.utility_id, number_in(call), since, max(since, until), patience=PATIENCE
            )
        except UnknownAccountError as error:
            raise ApiError(HTTPStatus.NOT_FOUND, "unknown_account", error.problem, error.remedy) from error
        return Reply(await page_of(found, at, skip, query.limit))


async def page_of(found: Statement, at: datetime | None, skip: int, limit: int) -> StatementOut:
    """The postings behind those that were shown, as many as a page has."""
    opening, items, left = found.opening, list[PostingOut](), skip
    async with aclosing(found.lines()) as lines:
        async for it in lines:
            if left and it.at == at:
                left, opening = left - 1, it.balance
            elif len(items) < limit:
                items.append(posting_out(it))
            else:
                return StatementOut(account_out(found.account), opening, items, position(items, at, skip))
    return StatementOut(account_out(found.account), opening, items, None)


def number_from(text: str) -> int:
    """The account behind which a page begins."""
    number = int.from_bytes(place_from(text)[:8])
    if number > LARGEST_NUMBER:
        raise no_cursor()
    return number


def moment_in(field: str, said: datetime | None, usual: datetime) -> datetime:
    """The moment that somebody said, or the usual one."""
    return usual if said is None else checked(field, said)


def position(items: list[PostingOut], at: datetime | None, skip: int) -> str:
    """Where the next page begins: an instant, and how many of its postings were shown."""
    last = items[-1].at
    shown = sum(it.at == last for it in items) + (skip if last == at else 0)
    return cursor(((last - EPOCH) // timedelta(microseconds=1)).to_bytes(8, signed=True) + shown.to_bytes(4))


def position_from(text: str) -> tuple[datetime | None, int]:
    """Where a page begins; nowhere for the first one."""
    place = place_from(text)
    if not place:
        return None, 0
    try:
        at = EPOCH + timedelta(microseconds=int.from_bytes(place[:8], signed=True))
    except OverflowError as error:
        raise no_cursor() from error
    if not is_ours(at):
        raise no_cursor()
    return at, int.from_bytes(place[8:12])


def number_in(call: Call) -> int:
    """The number of an account in a path."""
    text = call.path["account"]
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - what an account's number can have
        raise InputError("account", "that is no account's number", "give one as the list of accounts has it")
    return int(text)


def account_out(it: Account) -> AccountOut:
    """An account as it is answered."""
    return AccountOut(it.id, it.key.kind, it.title, it.nature, it.key.name, it.key.unit, it.key.owner)


def posting_out(it: StatementLine) -> PostingOut:
    """A posting as it is answered."""
    return PostingOut(it.at, it.entry, it.kind, it.amount, it.balance, it.source, it.happened_at, it.note)


async def closed(desk: Desk, call: Call) -> Reply:
    """All closed periods."""
    async with desk.database.reading() as connection:
        return Reply(PeriodsOut([PeriodOut(*it) for it in await periods(connection, call.who.utility_id)]))


async def close(desk: Desk, call: Call) -> Reply:
    """Close the books up to an instant; a job sums what was closed."""
    until, now = checked("until", call.body.until), desk.now()
    note = f"{texts.clean('note', call.body.note, LONGEST_NOTE)} ({call.who.name})"

    async def work(tx: Connection, scope: Scope) -> PeriodOut:
        await mark_closed(tx, scope.utility_id, until, now, note)
        await enqueue(tx, [NewJob(SUMMING, {"utility": str(scope.utility_id)})], now)
        return PeriodOut(until, now, note, summed=False)

    return await once(desk, call, PeriodOut, work)


READ: Final = (Right.READ_BOOKS,)

OPERATIONS: Final = (
    Operation("trial_balance", "GET", "/v1/books/trial-balance", "What all accounts stand at", trial,
        {200: TrialBalanceOut}, READ, query=UntilQuery, problems=(422,)),
    Operation("accounts", "GET", "/v1/books/accounts", "All accounts", accounts, {200: AccountsPage}, READ,
        query=AccountsQuery, problems=(422,)),
    Operation("statement", "GET", "/v1/books/accounts/{account}/statement", "What happened on an account",
        statement_page, {200: StatementOut}, READ, query=StatementQuery, problems=(404, 422)),
    Operation("periods", "GET", "/v1/books/periods", "All closed periods", closed, {200: PeriodsOut}, READ),
    Operation("close_period", "POST", "/v1/books/periods", "Close the books up to an instant", close,
        {201: PeriodOut, 200: PeriodOut}, (Right.CLOSE_BOOKS,), PeriodIn, problems=(409, 422), keyed=True),
)  # fmt: skip
