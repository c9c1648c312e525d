"""Balances, statements and trial balances, at any instant."""

from datetime import datetime
from itertools import accumulate
from uuid import UUID

import pytest

from tests.ledger.support import (
    ARREARS,
    CASH,
    FLOAT,
    HOUSE,
    NOON,
    OTHER_HOUSE,
    REVENUE,
    SOLD,
    TAX,
    TOKENS,
    Shop,
    minutes,
    numbered,
    open_shop,
)
from umbane.db import Database
from umbane.ledger import (
    AccountKey,
    Entry,
    Kind,
    Nature,
    Reversal,
    StatementLine,
    TrialLine,
    UnknownAccountError,
    balance_at,
    close_period,
    statement,
    trial_balance,
)
from umbane.ledger.reading import BEGINNING, find, utilities

LATER = minutes(10_000)


async def balance(shop: Shop, key: AccountKey, until: datetime) -> int:
    """What an account stood at."""
    async with shop.database.reading() as connection:
        return await balance_at(connection, shop.utility, shop.ids[key], until)


async def lines(shop: Shop, key: AccountKey, since: datetime, until: datetime) -> tuple[int, list[StatementLine]]:
    """The opening balance and the lines of a statement."""
    async with shop.database.reading() as connection:
        found = await statement(connection, shop.utility, shop.ids[key], since, until)
        return found.opening, [line async for line in found.lines()]


async def a_day(shop: Shop) -> list[Entry]:
    """A deposit and four sales, five minutes apart, booked in another order."""
    day = [shop.deposit(50_000)] + [shop.sale(1_150 * number, at=minutes(5 * number)) for number in range(1, 5)]
    await shop.post(day[0], *reversed(day[1:]))
    return day


@pytest.mark.parametrize("closed", [[], [7], [5, 10], [1, 2, 3, 5, 30]])
@pytest.mark.parametrize("key", [FLOAT, CASH, REVENUE, TAX, TOKENS, SOLD, ARREARS])
async def test_balances(database: Database, key: AccountKey, closed: list[float]) -> None:
    """A balance is the sum of what was posted before an instant, whichever periods are closed."""
    shop = await open_shop(database)
    day = await a_day(shop)
    for until in closed:
        await close_period(database, HOUSE, minutes(until), LATER)
    for instant in (NOON, minutes(0.1), minutes(5), minutes(5.1), minutes(10.5), minutes(20), LATER):
        before = [entry for entry in day if entry.at < instant]
        assert await balance(shop, key, instant) == sum(posted(entry, shop.ids[key]) for entry in before)


def posted(entry: Entry, account: int) -> int:
    """What an entry posts to an account."""
    return sum(amount for number, amount in zip(entry.accounts, entry.amounts, strict=True) if number == account)


@pytest.mark.parametrize("closed", [[], [12]])
@pytest.mark.parametrize("key", [FLOAT, REVENUE, TOKENS])
async def test_a_statement(database: Database, key: AccountKey, closed: list[float]) -> None:
    """A statement has what lies between two instants in the order of dates, with the balance after each line."""
    shop = await open_shop(database)
    day = await a_day(shop)
    for until in closed:
        await close_period(database, HOUSE, minutes(until), LATER)
    opening, found = await lines(shop, key, minutes(5.1), minutes(20))
    amounts = [posted(entry, shop.ids[key]) for entry in day]
    assert opening == sum(amounts[:2])
    assert [line.entry for line in found] == [day[2].id, day[3].id]
    assert [line.amount for line in found] == amounts[2:4]
    assert [line.balance for line in found] == list(accumulate(amounts))[2:4]
    assert [(line.at, line.kind) for line in found] == [(minutes(10), "sale"), (minutes(15), "sale")]


async def test_a_statement_says_why(database: Database) -> None:
    """A statement shows what a posting is about, the note, and when a late one happened."""
    shop = await open_shop(database)
    deposit = shop.deposit(500, source=numbered(7), note="slip 12")
    await close_period(database, HOUSE, minutes(5), LATER)
    await shop.post(deposit)
    await shop.run(lambda book: book.reverse([Reversal(numbered(8), deposit.id, minutes(6), "bounced")]))
    _, (late, back) = await lines(shop, FLOAT, BEGINNING, LATER)
    assert late == StatementLine(
        minutes(5), deposit.id, "deposit", -500, -500, numbered(7), NOON,
        "slip 12; happened in a period that was closed",
    )  # fmt: skip
    assert back == StatementLine(minutes(6), numbered(8), "reversal", 500, 0, numbered(7), None, "bounced")


async def test_an_account_twice_in_an_entry(database: Database) -> None:
    """Each posting is a line of its own, for accounts with an owner and for those of the house."""
    shop = await open_shop(database, limit=100)
    await shop.post(shop.entry((FLOAT, 70), (FLOAT, 20), (REVENUE, -80), (REVENUE, -10)))
    assert sorted(line.amount for line in (await lines(shop, FLOAT, BEGINNING, LATER))[1]) == [20, 70]
    assert sorted(line.amount for line in (await lines(shop, REVENUE, BEGINNING, LATER))[1]) == [-80, -10]


async def test_nothing_happened(database: Database) -> None:
    """An account without postings has a statement without lines."""
    shop = await open_shop(database)
    for key in (FLOAT, REVENUE):
        assert await lines(shop, key, BEGINNING, LATER) == (0, [])
        assert await lines(shop, key, LATER, BEGINNING) == (0, [])


async def test_many_lines(database: Database) -> None:
    """A statement is read in pieces and misses nothing."""
    shop = await open_shop(database, limit=10**9)
    await shop.post(*(shop.sale(amount) for amount in range(1, 4_501)))
    _, found = await lines(shop, FLOAT, BEGINNING, LATER)
    assert [line.amount for line in found] == list(range(1, 4_501))
    assert found[-1].balance == sum(range(1, 4_501))


@pytest.mark.parametrize("number", [0, -5, 10**9])
async def test_unknown_accounts(database: Database, number: int) -> None:
    """An account that doesn't exist, or isn't this utility's, has neither balance nor statement."""
    shop, neighbour = await open_shop(database), await open_shop(database, OTHER_HOUSE)
    async with database.reading() as connection:
        for account in (number, neighbour.ids[CASH]):
            with pytest.raises(UnknownAccountError, match=f"there is no account {account}"):
                await balance_at(connection, HOUSE, account, LATER)
            with pytest.raises(UnknownAccountError):
                await statement(connection, HOUSE, account, NOON, LATER)
    assert shop.ids[CASH]


@pytest.mark.parametrize("closed", [[], [7], [5, 10, 30]])
async def test_a_trial_balance(database: Database, closed: list[float]) -> None:
    """A trial balance sums the accounts of each kind and name, unit by unit; their debits and credits are equal."""
    shop = await open_shop(database, limit=10**6)
    await a_day(shop)
    for until in closed:
        await close_period(database, HOUSE, minutes(until), LATER)
    async with database.reading() as connection:
        found = await trial_balance(connection, HOUSE, minutes(15))
    assert found == [
        TrialLine("cash", "Money received", Nature.ASSET, "bank", "ZAR", 1, 50_000, 0),
        TrialLine("tax", "Taxes collected", Nature.LIABILITY, "vat", "ZAR", 1, 0, 450),
        TrialLine("vendor_float", "Floats of vendors", Nature.LIABILITY, "", "ZAR", 1, 3_450, 50_000),
        TrialLine("revenue_energy", "Energy sold", Nature.INCOME, "", "ZAR", 1, 0, 3_000),
        TrialLine("energy_sold", "Energy sold", Nature.ENERGY, "", "kWh", 1, 0, 116),
        TrialLine("energy_tokens", "Energy in tokens", Nature.ENERGY, "", "kWh", 1, 116, 0),
    ]
    assert found[2].balance == -46_550
    for unit in ("ZAR", "kWh"):
        assert sum(line.balance for line in found if line.unit == unit) == 0


async def test_a_trial_balance_of_nothing(database: Database) -> None:
    """Before anything was booked a trial balance has no lines."""
    shop = await open_shop(database, limit=10**6)
    await shop.post(shop.sale())
    async with database.reading() as connection:
        assert await trial_balance(connection, HOUSE, NOON) == []
        assert await trial_balance(connection, OTHER_HOUSE, LATER) == []


async def test_accounts_of_many_owners_are_one_line(database: Database) -> None:
    """In a trial balance the accounts of one kind and name are one line, whoever owns them."""
    shop = await open_shop(database, limit=10**6)
    debts = [AccountKey(Kind.ARREARS, "ZAR", numbered(number), "connection_fee") for number in range(5)]
    shop.ids |= await shop.run(lambda book: book.accounts(debts))
    await shop.post(*(shop.entry((debt, 10), (CASH, -10)) for debt in debts))
    async with database.reading() as connection:
        found = await trial_balance(connection, HOUSE, LATER)
    assert [(line.kind, line.accounts, line.debits) for line in found if line.kind == Kind.ARREARS] == [
        ("arrears", 5, 50)
    ]


async def test_looking_up_accounts(database: Database) -> None:
    """Accounts are found by what is known of them."""
    shop = await open_shop(database)

    async def numbers(kind: str | None = None, name: str | None = None, owner: UUID | None = None) -> list[int]:
        async with database.reading() as connection:
            return [account.id for account in await find(connection, HOUSE, kind=kind, name=name, owner=owner)]

    assert await numbers() == sorted(shop.ids.values())
    assert await numbers(kind="tax", name="vat") == [shop.ids[TAX]]
    assert await numbers(owner=FLOAT.owner) == [shop.ids[FLOAT]]
    assert await numbers(owner=HOUSE, kind="cash") == [shop.ids[CASH]]
    assert await numbers(name="no such name") == []
    async with database.reading() as connection:
        (account,) = await find(connection, HOUSE, owner=FLOAT.owner)
        assert await utilities(connection) == [HOUSE]
    assert (account.key, account.title, account.nature) == (FLOAT, "Floats of vendors", Nature.LIABILITY)
