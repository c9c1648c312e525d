"""What an engine keeps in memory, and what one turn of it has found out so far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.ledger import AccountKey
from umbane.registry import Rulebooks
from umbane.security import SecurityModule
from umbane.vending.cases import Case
from umbane.vending.intents import Intents
from umbane.vending.plans import Asked, Draft

__all__ = ["House", "Turn"]

MOST_ACCOUNTS: Final = 200_000


class House:
    """The memory of one engine. Nothing in it is worth keeping: all of it can be read or found out again.

    Attributes:
        module: that makes the tokens.
        module_number: by which the books know it.
        rulebooks: policies, prices and names of keys, as far as they were read.
        accounts: numbers of accounts, by utility.
        loose: requests to the module of turns that failed: whether it made tokens, and whether they are booked, is
            found out before the next turn.
        doubt: why that can't be found out. Until it can, the module isn't asked for anything else.
        clearing: whether somebody is at it.
        intents: what a module outside of this process is asked.
    """

    def __init__(self, module: SecurityModule, module_number: int, intents: Intents) -> None:
        self.module = module
        self.module_number = module_number
        self.rulebooks = Rulebooks()
        self.accounts: dict[UUID, dict[AccountKey, int]] = defaultdict(dict)
        self.loose: dict[UUID, Asked] = {}
        self.doubt = ""
        self.clearing = False
        self.intents = intents

    def learn(self, turn: "Turn") -> None:
        """A turn is committed: the accounts it made exist, and what it asked for is booked."""
        known = self.accounts[turn.utility_id]
        if len(known) > MOST_ACCOUNTS:  # other turns may still look into the old one
            known = self.accounts[turn.utility_id] = {}
        known |= turn.accounts
        if turn.intent:
            self.intents.settled.add(turn.intent)


@dataclass(slots=True)
class Turn:
    """One attempt at one round, within one transaction.

    Attributes:
        house: the engine's memory.
        tx: the transaction.
        utility_id: in whose house all cases are.
        cases: no meter, no contract and no message twice.
        now: the moment of all of them.
        asked: what the module is asked for.
        known: numbers of accounts.
        accounts: those that this turn needs; what it made exists only if the transaction is committed.
        withheld: whether any tokens are withheld; mostly there are none.
        minutes: the last TID of the tokens that were sold to each meter.
        intent: which says what a module outside of this process is asked.
    """

    house: House
    tx: Connection
    utility_id: UUID
    cases: Sequence[Case]
    now: datetime
    asked: dict[UUID, Asked] = field(default_factory=dict)
    known: Mapping[AccountKey, int] = field(default_factory=dict)
    accounts: Mapping[AccountKey, int] = field(default_factory=dict)
    withheld: bool = True
    minutes: Mapping[UUID, int | None] = field(default_factory=dict)
    intent: UUID | None = None

    def __post_init__(self) -> None:
        self.known = self.known or self.house.accounts[self.utility_id]

    @property
    def live(self) -> list[Case]:
        """The cases that are planned and not refused so far."""
        return [case for case in self.cases if case.is_live]

    def is_new(self, draft: Draft) -> bool:
        """Whether the tokens of a draft were asked for in this turn, and not taken from those that are withheld."""
        return draft.request is not None and draft.request.id in self.asked
