"""What the log is told of the books: every entry that is no sale's, and every credit limit, in the same transaction.

A sale stands in the log as the sale that it is. Accounts are named by what they are: their numbers say nothing to
strangers.
"""

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Final
from uuid import UUID

from umbane.audit import Fact, append
from umbane.audit.entries import Value
from umbane.db import Connection
from umbane.ledger.models import CreditLimit, Entry

__all__ = ["tell_entries", "tell_limits"]

NAMES: Final = """
SELECT id, kind, unit, name, owner_id FROM ledger.account WHERE utility_id = $1 AND id = ANY ($2::integer[])"""

Account = dict[str, Value]


async def tell_entries(tx: Connection, utility: UUID, entries: Sequence[Entry]) -> None:
    """Tell the log of entries that are booked."""
    named = await accounts(tx, utility, {number for it in entries for number in it.accounts})
    facts = [fact(utility, it, named) for it in entries]
    for _, of_a_moment in groupby(facts, lambda it: it.at):  # by which they are found
        await append(tx, list(of_a_moment))


def fact(utility: UUID, it: Entry, named: dict[int, Account]) -> Fact:
    """An entry as the log has it."""
    postings = [{**named[number], "amount": amount} for number, amount in zip(it.accounts, it.amounts, strict=True)]
    says: dict[str, Value] = {"utility": str(utility), "id": str(it.id), "entry": it.kind, "postings": postings}
    words = {"note": it.note, "reverses": it.reverses and str(it.reverses)}
    return Fact("entry", it.at, says | {name: text for name, text in words.items() if text})


async def tell_limits(tx: Connection, utility: UUID, limits: Sequence[CreditLimit]) -> None:
    """Tell the log of credit limits that are set."""
    named = await accounts(tx, utility, {it.account for it in limits})
    says = ({"utility": str(utility), **named[it.account], "amount": it.amount, "note": it.note} for it in limits)
    await append(tx, [Fact("limit", it.at, its) for it, its in zip(limits, says, strict=True)])


async def accounts(tx: Connection, utility: UUID, numbers: Collection[int]) -> dict[int, Account]:
    """What accounts are, by their numbers; one that is the utility's own has no owner."""
    found: dict[int, Account] = {}
    for number, kind, unit, name, owner in await tx.fetch(NAMES, utility, list(numbers)):
        own = {} if owner == utility else {"owner": str(owner)}
        found[number] = {"account": f"{kind} {name}".strip(), "unit": unit, **own}
    return found
