"""The books in memory: what any history of them must come to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from umbane.ledger import Entry

__all__ = ["Model"]


@dataclass
class Model:
    """Entries, holds and limits of one utility, one after the other."""

    limits: dict[int, int]
    entries: dict[UUID, Entry] = field(default_factory=dict)
    holds: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """Those that are pending: account and amount."""
    reversed: set[UUID] = field(default_factory=set)

    def balances(self) -> Mapping[int, int]:
        """What each account stands at."""
        sums: Counter[int] = Counter()
        for entry in self.entries.values():
            for account, amount in zip(entry.accounts, entry.amounts, strict=True):
                sums[account] += amount
        return sums

    def held(self, account: int) -> int:
        """What is set aside on an account."""
        return sum(amount for of, amount in self.holds.values() if of == account)

    def free(self, account: int) -> int:
        """What can be spent from an account."""
        return self.limits[account] - self.balances()[account] - self.held(account)

    def within_limits(self) -> bool:
        """Whether no account has spent more than it may."""
        return all(self.free(account) >= 0 for account in self.limits)

    def post(self, entries: Iterable[Entry]) -> bool:
        """Book entries, if all of them are right and no account exceeds its limit; else change nothing."""
        before, pending = dict(self.entries), dict(self.holds)
        for entry in entries:
            known = entry.id in self.entries
            hold = self.holds.pop(entry.hold, None) if entry.hold else None
            unfounded = bool(entry.hold) and (hold is None or hold[0] not in entry.accounts)
            if known or unfounded or sum(entry.amounts) != 0:
                break
            self.entries[entry.id] = entry
        else:
            if self.within_limits():
                return True
        self.entries, self.holds = before, pending
        return False

    def hold(self, number: UUID, account: int, amount: int) -> bool:
        """Set money aside, if there is as much."""
        fits = amount <= self.free(account)
        if fits:
            self.holds[number] = (account, amount)
        return fits

    def reverse(self, number: UUID, entry: UUID) -> bool:
        """Take back an entry, if that wasn't done before and no account exceeds its limit."""
        found = self.entries.get(entry)
        if found is None or entry in self.reversed or found.kind == "reversal":
            return False
        contra = Entry(number, found.at, "reversal", found.accounts, [-amount for amount in found.amounts])
        if fits := self.post([contra]):
            self.reversed.add(entry)
        return fits
