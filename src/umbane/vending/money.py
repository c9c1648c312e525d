"""What moves money: demands on floats before tokens are made, and entries after."""

from collections.abc import Collection, Sequence

from umbane.db import Change, Rows
from umbane.ledger import AccountKey, Book, Demand, Entry, Opening
from umbane.vending.cases import Case
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.house import Turn
from umbane.vending.postings import float_of, postings
from umbane.vending.store import begin_making

__all__ = ["admit", "book", "try_floats"]


async def admit(turn: Turn) -> Book:
    """Open the books, find the accounts of a turn, and refuse what doesn't fit a vendor's float."""
    for case in turn.live:
        planned, situation = case.planned()
        currency = situation.book.utility.currency.code
        case.postings = postings(planned, currency, situation.seller.vendor_id, situation.contract_id)
    ledger = await open_for(turn, set().union(*(case.postings for case in turn.live)))
    await demand(turn, ledger)
    return ledger


async def try_floats(turn: Turn) -> None:
    """Refuse what doesn't fit a vendor's float, and make no account for what will not be booked."""
    ledger = await open_for(turn, {vendor_float(case) for case in turn.live if case.planned()[0].tender})
    await demand(turn, ledger)


async def open_for(turn: Turn, wanted: Collection[AccountKey]) -> Book:
    """Open the books for a turn, with the numbers of the accounts that it needs, and begin to make tokens."""
    floats = {vendor_float(case) for case in turn.live}
    guarded = [turn.known[key] for key in floats if key in turn.known]
    missing = [key for key in wanted if key not in turn.known]
    meters = [case.planned()[1].meter_id for case in turn.live]
    opening = Opening(turn.utility_id, guarded, missing)
    turn.withheld, turn.minutes, ledger = await begin_making(turn.tx, turn.house.module_number, meters, opening)
    found = dict(ledger.known)
    if len(found) < len(missing):
        found |= await ledger.accounts([key for key in missing if key not in found])
    turn.accounts = {key: turn.known[key] for key in wanted if key not in found} | found
    return ledger


async def demand(turn: Turn, ledger: Book) -> None:
    """Refuse the cases that don't fit a vendor's float."""
    spending = [case for case in turn.live if case.planned()[0].tender]
    demands = [Demand(turn.accounts[vendor_float(case)], case.planned()[0].tender) for case in spending]
    for case, fits in zip(spending, await ledger.admit(demands), strict=True):
        if not fits:
            case.problem = RefusedError(Code.FLOAT_EXHAUSTED, "the vendor's float is used up", "pay in first")


def vendor_float(case: Case) -> AccountKey:
    """The float that a case is paid from."""
    _, situation = case.planned()
    return float_of(situation.seller.vendor_id, situation.book.utility.currency.code)


async def book(turn: Turn, ledger: Book, beside: Sequence[Rows | Change]) -> None:
    """Book what is sold: an entry for every sale that moves money or energy, with the id of the sale.

    All else that is written of the sales goes along.
    """
    await ledger.post_sales([entry(turn, case) for case in turn.live if case.postings], *beside)


def entry(turn: Turn, case: Case) -> Entry:
    """The entry of a sale."""
    planned, _ = case.planned()
    accounts = map(turn.accounts.__getitem__, case.postings)
    return Entry(case.id, turn.now, planned.kind, list(accounts), list(case.postings.values()), note=planned.note)
