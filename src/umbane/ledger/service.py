"""The verbs of the books, each for a whole list, inside a transaction of the caller's."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from umbane.db import Change, Connection, Rows, write
from umbane.ledger import store
from umbane.ledger.errors import HoldError, ReversalError, UnknownAccountError
from umbane.ledger.models import AccountKey, CreditLimit, Demand, Entry, Hold, HoldRequest, Reversal, Standing
from umbane.ledger.telling import tell_entries, tell_limits
from umbane.ledger.words import in_words

__all__ = ["Book", "Opening", "open_book"]

EMPTY: Final[Mapping[AccountKey, int]] = MappingProxyType({})
LATE = "happened in a period that was closed"
AMPLE = 100
"""An account with more than so many times of what is wanted isn't locked to see whether that fits."""


class Opening(NamedTuple):
    """How the books of a utility are opened. A statement of another room that calls `ledger.opening` can do it as well.

    Attributes:
        utility: whose they are.
        guarded: accounts that will be spent from, as far as their numbers are known: where they stand is looked up.
        keys: accounts whose numbers are wanted.
    """

    utility: UUID
    guarded: Sequence[int] = ()
    keys: Sequence[AccountKey] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """The arguments of `ledger.opening`."""
        return store.opening_values(*self)

    def book(
        self, connection: Connection, opened: datetime, standings: Sequence[list[int]], accounts: Sequence[int | None]
    ) -> "Book":
        """The books, of what `ledger.opening` answered."""
        known = {key: number for key, number in zip(self.keys, accounts or (), strict=True) if number is not None}
        return Book(connection, self.utility, opened, [Standing(*it) for it in standings], known)


async def open_book(connection: Connection, utility: UUID) -> "Book":
    """Open the books of a utility for the transaction that this connection is in.

    No period is closed until the transaction ends. Open them after locking what belongs to other rooms, and before
    anything else here: so nobody waits in a circle.

    Raises:
        PeriodError: the transaction isn't read committed.
    """
    wanted = Opening(utility)
    with in_words():
        return wanted.book(connection, *await store.open_books(connection, wanted.values))


class Book:
    """The books of a utility, open for one transaction. `open_book` makes one.

    Attributes:
        utility: whose they are.
        opened: from when they are open: what happened before is booked at this moment, with a note.
        known: accounts whose numbers were asked for when they were opened.
    """

    def __init__(
        self,
        connection: Connection,
        utility: UUID,
        opened: datetime,
        seen: Sequence[Standing] = (),
        known: Mapping[AccountKey, int] = EMPTY,
    ) -> None:
        self.utility = utility
        self.opened = opened
        self.known = known
        self._connection = connection
        self._seen = {it.account: it for it in seen}
        """Where guarded accounts stood when the books were opened."""
        self._free: dict[int, int] = {}
        """What is left to spend on the guarded accounts that this transaction has looked at."""

    async def accounts(self, keys: Iterable[AccountKey]) -> dict[AccountKey, int]:
        """The numbers of these accounts; those that don't exist are made.

        Raises:
            UnknownAccountError: there is no such kind, or an account of it needs an owner.
        """
        wanted = set(keys)
        found = await store.find_accounts(self._connection, self.utility, wanted)
        if missing := wanted - found.keys():
            with in_words():
                await store.insert_accounts(self._connection, self.utility, missing)
            found |= await store.find_accounts(self._connection, self.utility, missing)
        return found

    # ---------------------------------------------------------------------------------------------- money that is spent

    async def admit(self, demands: Sequence[Demand]) -> list[bool]:
        """Say which of these demands fit their accounts, one after the other; post what fits in the same transaction.

        An account on which far more is left isn't locked, so that nobody waits for it before something is posted. If
        others are quicker all the same, posting raises LimitError, and the next transaction sees what is left then. Any
        other account stays locked until the transaction ends. What was admitted counts as spent in later calls, and
        what is paid in meanwhile doesn't count.

        Raises:
            UnknownAccountError: an account isn't guarded.
        """
        wanted: dict[int, int] = {}
        for demand in demands:
            if demand.account not in self._free:
                wanted[demand.account] = wanted.get(demand.account, 0) + demand.amount
        if unseen := [account for account in wanted if account not in self._seen]:
            found = await store.standings(self._connection, self.utility, unseen)
            self._seen |= {it.account: it for it in found}
        seen = {account: self._seen[account].free for account in wanted if account in self._seen}
        self._free |= {account: free for account, free in seen.items() if free > AMPLE * wanted[account]}
        await self._lock(wanted.keys() - self._free.keys())
        return [self._take(demand.account, demand.amount) for demand in demands]

    async def hold(self, requests: Sequence[HoldRequest]) -> list[bool]:
        """Set money aside, and say which of these requests fitted, one after the other.

        Raises:
            UnknownAccountError: an account isn't guarded.
            HoldError: the id of a hold is taken.
        """
        fits = await self.admit([Demand(request.account, request.amount) for request in requests])
        with in_words():
            held = (request for request, fitted in zip(requests, fits, strict=True) if fitted)
            await store.insert_holds(self._connection, self.utility, held)
        return fits

    async def void(self, holds: Sequence[UUID], at: datetime, note: str) -> None:
        """Set money free that was held, each hold once; the note says why.

        Raises:
            HoldError: one of the holds isn't pending.
        """
        with in_words():
            ended = await store.end_holds(self._connection, self.utility, holds, at, note)
        if left := [hold for hold in holds if hold not in ended]:
            raise HoldError(f"hold {left[0]} isn't pending", "look up what became of it", str(left[0]))

    async def expired_holds(self, at: datetime, most: int = 1000) -> list[Hold]:
        """The holds that are pending although they have expired, the oldest first."""
        return await store.expired_holds(self._connection, self.utility, at, most)

    async def set_credit_limits(self, limits: Sequence[CreditLimit]) -> None:
        """Set what the owners of guarded accounts may owe at most.

        Raises:
            LimitError: more than that is used already.
            UnknownAccountError: an account isn't guarded.
        """
        with in_words():
            await store.insert_credit_limits(self._connection, self.utility, limits)
        await tell_limits(self._connection, self.utility, limits)
        for limit in limits:
            self._free.pop(limit.account, None)

    async def _lock(self, accounts: set[int]) -> None:
        """Lock guarded accounts, and take down what is left on them."""
        if not accounts:
            return
        found = await store.lock_standings(self._connection, self.utility, sorted(accounts))
        self._free |= {it.account: it.free for it in found}
        if missing := accounts - self._free.keys():
            number = min(missing)
            raise UnknownAccountError(f"account {number} has no credit limit", "spend from a guarded one", str(number))

    def _take(self, account: int, amount: int) -> bool:
        """Take this much of what is left on an account, if there is as much."""
        fits = amount <= self._free[account]
        if fits:
            self._free[account] -= amount
        return fits

    # ---------------------------------------------------------------------------------------------------------- booking

    async def post(self, entries: Iterable[Entry]) -> None:
        """Book these entries, all or none, and tell the log of each.

        One that is dated in a closed period is booked at the first open moment.

        Raises:
            EntryError: one doesn't sum to zero in each unit, or isn't an entry for another reason.
            DuplicateEntryError: an id is taken.
            UnknownAccountError: an account isn't this utility's.
            LimitError: a guarded account would exceed its limit.
            HoldError: a hold that one posts isn't pending.
        """
        new = [self._in_time(it) for it in entries]
        await self.post_sales(new)
        await tell_entries(self._connection, self.utility, new)

    async def post_sales(self, entries: Iterable[Entry], *beside: Rows | Change) -> None:
        """The same for entries of sales, which stand in the log as the sales that they are, with all else they write.

        Raises:
            ConflictError: somebody else was quicker with something that is written beside.
        """
        with in_words():
            await write(self._connection, *beside, store.entry_rows(self.utility, map(self._in_time, entries)))

    async def reverse(self, reversals: Sequence[Reversal]) -> None:
        """Take back entries, each as a whole and once, by contra entries of the kind "reversal".

        Raises:
            ReversalError: one is unknown, was taken back already, or is itself a reversal.
            LimitError: a guarded account would exceed its limit.
        """
        found = await store.entries(self._connection, self.utility, [it.entry for it in reversals])
        await self.post([_contra(it, found.get(it.entry)) for it in reversals])

    def _in_time(self, entry: Entry) -> Entry:
        """The entry, at the first open moment if its own lies in a closed period."""
        if entry.at >= self.opened:
            return entry
        note = f"{entry.note}; {LATE}" if entry.note else LATE
        return entry._replace(at=self.opened, happened_at=entry.at, note=note)


def _contra(reversal: Reversal, entry: Entry | None) -> Entry:
    """The contra entry of an entry."""
    number = str(reversal.entry)
    if entry is None:
        raise ReversalError(f"there is no entry {number}", "name one that is booked", number)
    if entry.reverses:
        raise ReversalError(f"entry {number} is a reversal itself", "book what is right as a new entry", number)
    return Entry(
        id=reversal.id,
        at=reversal.at,
        kind="reversal",
        accounts=entry.accounts,
        amounts=[-amount for amount in entry.amounts],
        source=entry.source,
        note=reversal.note,
        reverses=reversal.entry,
    )
