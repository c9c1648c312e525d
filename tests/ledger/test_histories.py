"""Random histories, step by step in the database and in a model of a hundred lines."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.ledger.model import Model
from tests.ledger.support import FLOAT, NOON, OTHER_FLOAT, Shop, minutes, new_house, open_shop
from umbane.db import Database
from umbane.ledger import (
    BOOKS,
    Book,
    CreditLimit,
    HoldRequest,
    LedgerError,
    Reversal,
    balance_at,
    close_period,
    prove,
    trial_balance,
)
from umbane.ledger.reading import guarded

FLOATS = (FLOAT, OTHER_FLOAT)
LATER = minutes(10**6)

WHICH = some.integers(0, 1)
AMOUNT = some.integers(1, 120)
PICK = some.integers(0, 30)
STEP = some.one_of(
    some.tuples(some.just("sell"), some.lists(some.tuples(WHICH, AMOUNT), max_size=6)),
    some.tuples(some.just("post"), some.lists(some.tuples(WHICH, AMOUNT), max_size=3)),
    some.tuples(some.just("deposit"), WHICH, AMOUNT),
    some.tuples(some.just("hold"), some.lists(some.tuples(WHICH, AMOUNT), max_size=3)),
    some.tuples(some.just("settle"), PICK, WHICH, AMOUNT),
    some.tuples(some.just("void"), PICK),
    some.tuples(some.just("reverse"), PICK),
    some.tuples(some.just("again"), PICK),
    some.tuples(some.just("limit"), WHICH, some.integers(0, 300)),
    some.tuples(some.just("close"), some.integers(1, 9)),
)


@dataclass
class History:
    """A shop and its model, going the same way."""

    shop: Shop
    model: Model
    holds: list[UUID] = field(default_factory=list)
    minute: int = 0

    async def tried(self, work: Awaitable[object]) -> bool:
        """Whether the books took it."""
        try:
            await work
        except LedgerError:
            return False
        return True

    def account(self, which: int) -> int:
        """The number of a float."""
        return self.shop.ids[FLOATS[which]]

    async def sell(self, sales: list[tuple[int, int]]) -> None:
        """Admit what fits, and book it in the same transaction."""
        entries = [self.shop.sale(amount, FLOATS[which], at=minutes(self.minute)) for which, amount in sales]
        numbers = [HoldRequest(it.id, it.accounts[0], it.amounts[0], NOON, LATER) for it in entries]

        async def work(book: Book) -> list[bool]:
            fits = await book.hold(numbers)
            await book.void([it.id for it, fitted in zip(numbers, fits, strict=True) if fitted], NOON, "sold at once")
            await book.post([it for it, fitted in zip(entries, fits, strict=True) if fitted])
            return fits

        assert await self.shop.run(work) == [self.model.post([entry]) for entry in entries]

    async def post(self, sales: list[tuple[int, int]]) -> None:
        """Book all or nothing."""
        entries = [self.shop.sale(amount, FLOATS[which], at=minutes(self.minute)) for which, amount in sales]
        assert await self.tried(self.shop.post(*entries)) == self.model.post(entries)

    async def deposit(self, which: int, amount: int) -> None:
        """Pay in."""
        entry = self.shop.deposit(amount, FLOATS[which], at=minutes(self.minute))
        assert await self.tried(self.shop.post(entry)) == self.model.post([entry])

    async def hold(self, sums: list[tuple[int, int]]) -> None:
        """Set money aside."""
        new = [HoldRequest(self.shop.sale().id, self.account(which), amount, NOON, LATER) for which, amount in sums]
        fits = await self.shop.run(lambda book: book.hold(new))
        assert fits == [self.model.hold(it.id, it.account, it.amount) for it in new]
        self.holds += [it.id for it, fitted in zip(new, fits, strict=True) if fitted]

    async def settle(self, pick: int, which: int, amount: int) -> None:
        """Post one of the holds, pending or not, on its account or another."""
        if self.holds:
            hold = self.holds[pick % len(self.holds)]
            entry = self.shop.sale(amount, FLOATS[which], hold=hold, at=minutes(self.minute))
            assert await self.tried(self.shop.post(entry)) == self.model.post([entry])

    async def void(self, pick: int) -> None:
        """Void one of the holds, pending or not."""
        if self.holds:
            hold = self.holds[pick % len(self.holds)]
            taken = await self.tried(self.shop.run(lambda book: book.void([hold], NOON, "no")))
            assert taken == bool(self.model.holds.pop(hold, None))

    async def reverse(self, pick: int) -> None:
        """Take back one of the entries, taken back before or not."""
        if self.model.entries:
            entry = list(self.model.entries)[pick % len(self.model.entries)]
            wish = Reversal(self.shop.sale().id, entry, minutes(self.minute), "mistake")
            taken = await self.tried(self.shop.run(lambda book: book.reverse([wish])))
            assert taken == self.model.reverse(wish.id, entry)

    async def again(self, pick: int) -> None:
        """Book an entry once more."""
        if self.model.entries:
            entry = list(self.model.entries.values())[pick % len(self.model.entries)]
            assert not await self.tried(self.shop.post(entry))

    async def limit(self, which: int, amount: int) -> None:
        """Set another limit."""
        account = self.account(which)
        limits = [CreditLimit(account, amount, NOON, "another")]
        taken = await self.tried(self.shop.run(lambda book: book.set_credit_limits(limits)))
        assert taken == (amount >= self.model.limits[account] - self.model.free(account))
        if taken:
            self.model.limits[account] = amount

    async def close(self, length: int) -> None:
        """Close a period."""
        self.minute += length
        await close_period(self.shop.database, self.shop.utility, minutes(self.minute - 2), LATER)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(limit=some.integers(0, 300), steps=some.lists(STEP, max_size=25))
async def test_any_history(database: Database, limit: int, steps: list[tuple[str, object]]) -> None:
    """Whatever happens, the books take and refuse what the model does, come to the same sums, and prove themselves."""
    shop = await open_shop(database, new_house(), limit)
    history = History(shop, Model({shop.ids[key]: limit for key in FLOATS}), minute=2)
    for name, *arguments in steps:
        await getattr(history, name)(*arguments)
    model, balances = history.model, history.model.balances()
    async with database.reading() as connection:
        for account in shop.ids.values():
            assert await balance_at(connection, shop.utility, account, LATER) == balances[account]
        for standing in await guarded(connection, shop.utility):
            assert (standing.posted, standing.held) == (balances[standing.account], model.held(standing.account))
            assert standing.free == model.free(standing.account) >= 0
        trial = await trial_balance(connection, shop.utility, LATER)
    for unit in ("ZAR", "kWh"):
        assert sum(line.balance for line in trial if line.unit == unit) == 0
    result = await prove(database, BOOKS)
    assert [str(finding.wrong) for finding in result.findings if finding.wrong] == []
