"""What moves money: demands on floats before tokens are made, and entries after."""

from collections.abc import Collection

from umbane.ledger import AccountKey, Book, Demand, Entry, open_book
from umbane.vending.cases import Case
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.house import Turn
from umbane.vending.postings import float_of, postings

__all__ = ["admit", "book", "try_floats"]


async def admit(turn: Turn) -> Book:
    """Open the books, find the accounts of a turn, and refuse what doesn't fit a vendor's float."""
    floats = {vendor_float(case) for case in turn.live}
    ledger = await open_book(turn.tx, turn.utility_id, [turn.known[key] for key in floats if key in turn.known])
    for case in turn.live:
        planned, situation = case.planned()
        currency = situation.book.utility.currency.code
        case.postings = postings(planned, currency, situation.seller.vendor_id, situation.contract_id)
    needed: set[AccountKey] = set().union(*(case.postings for case in turn.live))
    await find_accounts(turn, ledger, needed)
    await demand(turn, ledger)
    return ledger


async def try_floats(turn: Turn) -> None:
    """Refuse what doesn't fit a vendor's float, and make no account for what will not be booked."""
    ledger = await open_book(turn.tx, turn.utility_id)
    await find_accounts(turn, ledger, {vendor_float(case) for case in turn.live if case.planned()[0].tender})
    await demand(turn, ledger)


async def demand(turn: Turn, ledger: Book) -> None:
    """Refuse the cases that don't fit a vendor's float."""
    spending = [case for case in turn.live if case.planned()[0].tender]
    demands = [Demand(turn.accounts[vendor_float(case)], case.planned()[0].tender) for case in spending]
    for case, fits in zip(spending, await ledger.admit(demands), strict=True):
        if not fits:
            case.problem = RefusedError(Code.FLOAT_EXHAUSTED, "the vendor's float is used up", "pay in first")


async def find_accounts(turn: Turn, ledger: Book, wanted: Collection[AccountKey]) -> None:
    """Find the numbers of the accounts that a turn needs, in the books if they aren't known."""
    missing = [key for key in wanted if key not in turn.known]
    found = await ledger.accounts(missing) if missing else {}
    turn.accounts = {key: turn.known[key] for key in wanted if key not in found} | found


def vendor_float(case: Case) -> AccountKey:
    """The float that a case is paid from."""
    _, situation = case.planned()
    return float_of(situation.seller.vendor_id, situation.book.utility.currency.code)


async def book(turn: Turn, ledger: Book) -> None:
    """Book what is sold: an entry for every sale that moves money or energy, with the id of the sale."""
    await ledger.post_sales([entry(turn, case) for case in turn.live if case.postings])


def entry(turn: Turn, case: Case) -> Entry:
    """The entry of a sale."""
    planned, _ = case.planned()
    accounts = map(turn.accounts.__getitem__, case.postings)
    return Entry(case.id, turn.now, planned.kind, list(accounts), list(case.postings.values()), note=planned.note)
