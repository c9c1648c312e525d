"""What vendors have earned, booked period by period, each exactly once.

What a vendor earned in a period is a function of the books. It is reckoned when the period is over, and again when
sales of it were taken back since; what is booked is what it adds to what was booked before. So to accrue again adds
nothing, and whatever was killed on the way is done the next time.

[choice] A period is reckoned an hour after it is over: by then every sale of it is committed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from umbane.db import Connection, Table, columns
from umbane.ledger import AccountKey, Entry, Kind, open_book
from umbane.ledger.reading import unhurried
from umbane.registry import Scope, utility
from umbane.trade.bases import groups, taken_back
from umbane.trade.commission import Earned, Reckoning
from umbane.trade.periods import Period, instant, periods
from umbane.trade.schemefile import load_scheme
from umbane.trade.schemes import active_schemes, lock_commission, terms

__all__ = ["COMMISSION", "PAYABLE", "TAX", "Accrued", "accrue", "reckon"]

COMMISSION: Final = "commission"
"""The kind of the entries that book what was earned."""
PAYABLE: Final = "commission_payable"
"""The kind of the account of what a vendor is owed."""
TAX: Final = "commission_tax"
"""The kind of the account of taxes on commission."""
SETTLED: Final = timedelta(hours=1)
LAST_INSTANT: Final = timedelta(microseconds=1)
ONE_DAY: Final = timedelta(days=1)

LAST: Final = "SELECT vendor_id, max(after) FROM trade.accrual WHERE utility_id = $1 GROUP BY vendor_id"
BOOKED: Final = """
SELECT DISTINCT ON (a.vendor_id, a.first) a.vendor_id, a.first, a.after, v.document,
    a.ordinal, a.taken_back, a.commission, a.tax
FROM trade.accrual a JOIN trade.scheme_version v USING (utility_id, scheme_id, version)
WHERE a.utility_id = $1 AND (a.first >= $2 OR (a.vendor_id, a.first) IN (SELECT * FROM unnest($3::uuid[], $4::date[])))
ORDER BY a.vendor_id, a.first, a.ordinal DESC"""
ACCRUALS: Final = Table(
    "trade.accrual",
    {"vendor_id": "uuid", "first": "date", "ordinal": "smallint", "after": "date"}
    | {"since": "timestamptz", "until": "timestamptz", "scheme_id": "text", "version": "text"}
    | dict.fromkeys(("sales", "tender", "net", "debt", "free_tokens", "units", "taken_back"), "bigint")
    | {"lines": "json", "commission": "bigint", "tax": "bigint", "entry_id": "uuid"},
    same={"utility_id": "uuid", "at": "timestamptz", "by": "text"},
)
WIDTH: Final = 19


@dataclass(frozen=True, slots=True)
class Booked:
    """What is booked of a period so far.

    Attributes:
        ordinal: of the last time; -1 where nothing is.
        taken_back: how many of its sales were known to be.
        commission, tax: minor units.
    """

    ordinal: int = -1
    taken_back: int = 0
    commission: int = 0
    tax: int = 0


@dataclass(frozen=True, slots=True)
class Accrued:
    """A period that was reckoned just now.

    Attributes:
        period: whose, from when to when, by which scheme.
        earned: in all of the period, as the books say now.
        before: what was booked of it before.
    """

    period: Period
    earned: Earned
    before: Booked

    @property
    def ordinal(self) -> int:
        """0 the first time, above that for a correction."""
        return self.before.ordinal + 1

    @property
    def commission(self) -> int:
        """Minor units that are booked now: below zero where sales were taken back."""
        return self.earned.commission - self.before.commission

    @property
    def tax(self) -> int:
        """Minor units of tax that are booked now."""
        return self.earned.tax - self.before.tax

    @property
    def moves_money(self) -> bool:
        """Whether there is anything to book."""
        return bool(self.commission or self.tax)

    @property
    def is_news(self) -> bool:
        """Whether there is anything to write down."""
        known = self.earned.basis.taken_back == self.before.taken_back
        return not self.ordinal or self.moves_money or not known


async def accrue(tx: Connection, scope: Scope, now: datetime, *, again: date | None = None) -> list[Accrued]:
    """Book what the vendors of a utility have earned: periods that are over, and corrections of those before.

    Args:
        tx: with a transaction.
        scope: whose vendors, and who books it.
        now: periods that were over an hour ago are booked.
        again: reckon what is booked of periods that begin on this day or later once more, whether anything of them was
            taken back or not.
    """
    await unhurried(tx)
    await lock_commission(tx, scope.utility_id)
    zone = (await utility(tx, scope.utility_id)).zone
    tasks = await due(tx, scope.utility_id, (now - SETTLED).astimezone(zone).date())
    tasks |= await touched(tx, scope.utility_id, again)
    found = await reckon(tx, scope.utility_id, zone, list(tasks))
    every = (Accrued(period, its, before) for (period, before), its in zip(tasks.items(), found, strict=True))
    news = [it for it in every if it.is_news]
    await write(tx, scope, news, zone, now)
    return news


async def due(tx: Connection, utility_id: UUID, today: date) -> dict[Period, Booked]:
    """The periods that are over and were never booked."""
    schemes = await active_schemes(tx, utility_id)
    last: dict[UUID, date] = dict(map(tuple, await tx.fetch(LAST, utility_id)))
    agreed = groupby(await terms(tx, utility_id), lambda it: it.vendor_id)
    found = (it for vendor, its in agreed for it in periods(list(its), schemes, last.get(vendor), today))
    return dict.fromkeys(found, Booked())


async def touched(tx: Connection, utility_id: UUID, again: date | None) -> dict[Period, Booked]:
    """The periods that were booked and of which more is taken back now, or which are to be reckoned once more."""
    back = columns(await taken_back(tx, utility_id), 2)
    rows = await tx.fetch(BOOKED, utility_id, again or date.max, *back)
    schemes = {text: load_scheme(text) for text in {row["document"] for row in rows}}
    return {
        Period(vendor_id, first, after, schemes[text]): Booked(*stands)
        for vendor_id, first, after, text, *stands in rows
    }


async def reckon(connection: Connection, utility_id: UUID, zone: ZoneInfo, wanted: Sequence[Period]) -> list[Earned]:
    """What was earned in each of these periods, as the books say now. Nothing is booked.

    Every stretch of time is read once, whoever sold in it.
    """
    reckonings = {it: Reckoning(it.scheme) for it in wanted}
    for (first, after), window in groupby(sorted(wanted, key=dates_of), dates_of):
        of_vendor = {it.vendor_id: it for it in window}
        by_sale = {vendor_id: it.scheme.by_sale for vendor_id, it in of_vendor.items()}
        add = {vendor_id: reckonings[it].add for vendor_id, it in of_vendor.items()}
        async for vendor_id, group in groups(
            connection, utility_id, instant(first, zone), instant(after, zone), by_sale
        ):
            add[vendor_id](*group)
    return [reckonings[it].result() for it in wanted]


def dates_of(period: Period) -> tuple[date, date]:
    """From when to when a period goes."""
    return period.first, period.after


# -------------------------------------------------------------------------------------------------------------- writing


async def write(tx: Connection, scope: Scope, news: Sequence[Accrued], zone: ZoneInfo, now: datetime) -> None:
    """Write down what was reckoned, and book it."""
    rows = [row(scope.utility_id, it, zone) for it in news]
    await ACCRUALS.insert(tx, *columns(rows, WIDTH), utility_id=scope.utility_id, at=now, by=scope.by)
    book = await open_book(tx, scope.utility_id)
    drafts = [(it, postings(it)) for it in news if it.moves_money]
    numbers = await book.accounts({key for _, its in drafts for key in its})
    entries = []
    for it, its in drafts:
        at = now if it.ordinal else instant(it.period.after, zone) - LAST_INSTANT
        accounts, note = [numbers[key] for key in its], f"{words(it)}, {scope.by}"
        id_ = entry_id(scope.utility_id, it)
        entries.append(Entry(id_, at, COMMISSION, accounts, list(its.values()), it.period.vendor_id, note=note))
    await book.post(entries)


def row(utility_id: UUID, it: Accrued, zone: ZoneInfo) -> tuple[Any, ...]:
    """What was reckoned, as its row."""
    period, basis = it.period, it.earned.basis
    return (
        period.vendor_id, period.first, it.ordinal, period.after,
        instant(period.first, zone), instant(period.after, zone), period.scheme.id, period.scheme.version,
        basis.sales, basis.tender, basis.net, basis.debt, basis.free_tokens, basis.units, basis.taken_back,
        json.dumps(it.earned.lines), it.earned.commission, it.earned.tax,
        entry_id(utility_id, it) if it.moves_money else None,
    )  # fmt: skip


def entry_id(utility_id: UUID, it: Accrued) -> UUID:
    """The id of the entry that books it: the same whoever books it."""
    return uuid5(utility_id, f"commission/{it.period.vendor_id}/{it.period.first}/{it.ordinal}")


def postings(it: Accrued) -> dict[AccountKey, int]:
    """What is booked: an expense and the tax on it, owed to the vendor. A correction may be the other way round."""
    scheme = it.period.scheme
    amounts = {
        AccountKey(Kind.COMMISSION, scheme.currency): it.commission,
        AccountKey(TAX, scheme.currency, name=scheme.tax.name if scheme.tax else ""): it.tax,
        AccountKey(PAYABLE, scheme.currency, it.period.vendor_id): -it.commission - it.tax,
    }
    return {key: amount for key, amount in amounts.items() if amount}


def words(it: Accrued) -> str:
    """What it is for, for whoever reads the books."""
    period = it.period
    days = (
        f"{period.first}" if period.after - period.first == ONE_DAY else f"{period.first} to {period.after - ONE_DAY}"
    )
    return f"{'correction: ' if it.ordinal else ''}{period.scheme.id} {period.scheme.version}, {days}"
