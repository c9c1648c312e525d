"""A small shop to keep books of: one utility, two vendors, a customer with a debt."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from tests.database import superusers
from umbane.db import Connection, Database, Server, connected
from umbane.ledger import ENERGY, AccountKey, Book, CreditLimit, Entry, Kind, open_book
from umbane.ledger.words import in_words

__all__ = [
    "ARREARS",
    "CASH",
    "FLOAT",
    "HOUSE",
    "NOON",
    "OTHER_FLOAT",
    "OTHER_HOUSE",
    "REVENUE",
    "SOLD",
    "TAX",
    "TOKENS",
]
__all__ += ["Shop", "as_superuser", "execute", "minutes", "new_house", "numbered", "open_shop"]

T = TypeVar("T")

HOUSE = UUID("01980000-0000-7000-8000-00000000aaaa")
OTHER_HOUSE = UUID("01980000-0000-7000-8000-00000000bbbb")
VENDOR = UUID("01980000-0000-7000-8000-000000000001")
OTHER_VENDOR = UUID("01980000-0000-7000-8000-000000000002")
CONTRACT = UUID("01980000-0000-7000-8000-000000000003")
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)

FLOAT = AccountKey(Kind.VENDOR_FLOAT, "ZAR", VENDOR)
OTHER_FLOAT = AccountKey(Kind.VENDOR_FLOAT, "ZAR", OTHER_VENDOR)
CASH = AccountKey(Kind.CASH, "ZAR", name="bank")
REVENUE = AccountKey(Kind.REVENUE_ENERGY, "ZAR")
TAX = AccountKey(Kind.TAX, "ZAR", name="vat")
ARREARS = AccountKey(Kind.ARREARS, "ZAR", CONTRACT, "connection_fee")
TOKENS = AccountKey(Kind.ENERGY_TOKENS, ENERGY)
SOLD = AccountKey(Kind.ENERGY_SOLD, ENERGY)
KEYS = [FLOAT, OTHER_FLOAT, CASH, REVENUE, TAX, ARREARS, TOKENS, SOLD]

NUMBERS: Iterator[int] = count(1000)


def numbered(number: int) -> UUID:
    """An id with a number that can be recognised."""
    return UUID(int=0x0198_0000_0000_7000_8000_0001_0000_0000 + number)


def minutes(number: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=number)


def new_house() -> UUID:
    """The id of a utility that no test has used."""
    return numbered(-next(NUMBERS))


@dataclass
class Shop:
    """The shop, with the numbers of its accounts."""

    database: Database
    ids: dict[AccountKey, int]
    utility: UUID = HOUSE

    async def run(self, work: Callable[[Book], Awaitable[T]]) -> T:
        """Do some work on the book in one transaction."""

        async def with_book(connection: Connection) -> T:
            return await work(await open_book(connection, self.utility))

        return await self.database.run(with_book)

    async def post(self, *entries: Entry) -> None:
        """Book entries in a transaction of their own."""
        await self.run(lambda book: book.post(entries))

    async def look(self, sql: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever there is
        """One value from the database."""
        async with self.database.reading() as connection:
            return await connection.fetchval(sql, *arguments)

    async def free(self, key: AccountKey = FLOAT) -> int:
        """What can still be spent from a float."""
        sql = "SELECT credit_limit - posted - held FROM ledger.balance WHERE account = $1"
        left: int = await self.look(sql, self.ids[key])
        return left

    def entry(self, *postings: tuple[AccountKey, int], at: datetime = NOON, kind: str = "sale", **more: Any) -> Entry:  # noqa: ANN401 - the entry's own
        """An entry with a new id."""
        accounts = [self.ids[key] for key, _ in postings]
        number = more.pop("id", None) or numbered(next(NUMBERS))
        return Entry(number, at, kind, accounts, [amount for _, amount in postings], **more)

    def sale(self, amount: int = 11_500, key: AccountKey = FLOAT, **more: Any) -> Entry:  # noqa: ANN401 - the entry's own
        """A sale of energy, with 15 % tax in it."""
        tax, units = amount * 15 // 115, amount // 30 + 1
        money = ((key, amount), (REVENUE, tax - amount)) + (((TAX, -tax),) if tax else ())
        return self.entry(*money, (TOKENS, units), (SOLD, -units), **more)

    def deposit(self, amount: int, key: AccountKey = FLOAT, **more: Any) -> Entry:  # noqa: ANN401 - the entry's own
        """Money that a vendor pays in."""
        return self.entry((CASH, amount), (key, -amount), kind="deposit", **more)


async def open_shop(database: Database, utility: UUID = HOUSE, limit: int = 0) -> Shop:
    """A shop without any entry; its vendors may owe up to the limit."""
    shop = Shop(database, {}, utility)

    async def work(book: Book) -> None:
        shop.ids = await book.accounts(KEYS)
        floats = [shop.ids[FLOAT], shop.ids[OTHER_FLOAT]]
        await book.set_credit_limits([CreditLimit(number, limit, NOON, "agreed") for number in floats])

    await shop.run(work)
    return shop


async def execute(database: Database, sql: str, *values: object) -> None:
    """Execute one statement as the owner of the database."""

    async def work(connection: Connection) -> None:
        with in_words():
            await connection.execute(sql, *values)

    async with connected(database.place.as_owner()) as owner:
        await owner.run(work)


async def as_superuser(place: Server, *statements: str) -> None:
    """Do what nobody should: execute statements as the superuser, with all triggers of replicas off."""
    connection = await asyncpg.connect(superusers(place))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
