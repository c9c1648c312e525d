"""What the books say: balances, statements and trial balances at any instant, from a connection that reads.

Whoever has more time than a statement may usually take, such as an auditor, calls `unhurried` first and says how many
seconds to wait.

Periods are half-open: what happens at their end belongs to the next. A sum starts from the last closed period that was
summed, so it takes as long as there are entries since then, however old the books are.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from umbane.db import Connection
from umbane.ledger.errors import UnknownAccountError
from umbane.ledger.models import Account, AccountKey, Kind, Nature, Standing

__all__ = [
    "BEGINNING",
    "PATIENCE",
    "Statement",
    "StatementLine",
    "TrialLine",
    "account",
    "balance_at",
    "find",
    "floats_of",
    "guarded",
    "statement",
    "trial_balance",
    "unhurried",
    "utilities",
]

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""Before anything can be booked."""
PATIENCE: Final = 4 * 3600.0
"""Seconds that an auditor waits for one statement."""
UNHURRIED: Final = """
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL work_mem = '64MB'
"""
PREFETCH: Final = 2000
"""How many lines of a statement are in memory at once."""

ACCOUNTS: Final = """
SELECT a.id, a.owner_id, a.kind, a.name, a.unit, k.title, k.nature
FROM ledger.account AS a JOIN ledger.kind AS k USING (kind) WHERE a.utility_id = $1
"""
FIND: Final = f"""{ACCOUNTS}
AND (a.kind = $2 OR $2 IS NULL) AND (a.name = $3 OR $3 IS NULL) AND (a.owner_id = $4 OR $4 IS NULL)
AND a.id > $5 ORDER BY a.id LIMIT $6
"""
LAST_SUMMED: Final = """
SELECT coalesce(max(until), '0001-01-01 00:00Z') FROM ledger.period_summed WHERE utility_id = $1 AND until <= $2
"""
SUMMED: Final = """
SELECT balance FROM ledger.period_sum
WHERE utility_id = $1 AND account = $2 AND until <= $3 ORDER BY until DESC LIMIT 1
"""
FLOATS: Final = """
SELECT a.owner_id, b.account, b.posted, b.held, b.credit_limit
FROM ledger.account AS a JOIN ledger.balance AS b ON b.utility_id = a.utility_id AND b.account = a.id
WHERE a.utility_id = $1 AND a.kind = $2 AND a.owner_id = ANY ($3)
"""
# The postings of an account: its lines when it has an owner, else out of the entries themselves.
OWNED: Final = "ledger.line WHERE utility_id = $1 AND account = $2 AND at >= $3 AND at < $4"
OF_THE_HOUSE: Final = """(
    SELECT *, unnest(accounts) AS account, unnest(amounts) AS amount FROM ledger.entry
    WHERE utility_id = $1 AND $2::integer = ANY (accounts) AND at >= $3 AND at < $4
) AS e WHERE account = $2"""
SUM: Final = "SELECT coalesce(sum(amount), 0)::bigint FROM {}"
OWNED_LINES: Final = f"""
SELECT p.at, p.entry_id, e.kind, p.amount, e.source_id, e.happened_at, e.note
FROM (SELECT * FROM {OWNED}) AS p JOIN ledger.entry AS e ON e.utility_id = $1 AND e.id = p.entry_id
ORDER BY p.at, p.entry_id
"""  # noqa: S608 - our own words
LINES_OF_THE_HOUSE: Final = f"""
SELECT at, id, kind, amount, source_id, happened_at, note FROM {OF_THE_HOUSE} ORDER BY at, id
"""  # noqa: S608 - our own words
TRIAL: Final = """
WITH turnover AS (
    SELECT account, debits, credits FROM ledger.period_sum WHERE utility_id = $1 AND until <= $2
    UNION ALL
    SELECT account, greatest(amount, 0), greatest(-amount, 0) FROM (
        SELECT unnest(accounts) AS account, unnest(amounts) AS amount FROM ledger.entry
        WHERE utility_id = $1 AND at >= $2 AND at < $3
    ) AS posting
), summed AS (
    SELECT account, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits FROM turnover GROUP BY account
)
SELECT k.kind, k.title, k.nature, a.name, a.unit, count(*) AS accounts,
       sum(debits)::bigint AS debits, sum(credits)::bigint AS credits
FROM summed AS s JOIN ledger.account AS a ON a.id = s.account JOIN ledger.kind AS k USING (kind)
GROUP BY k.kind, k.title, k.nature, a.name, a.unit
ORDER BY a.unit = 'kWh', a.unit, array_position($4::text[], k.nature), k.kind, a.name
"""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posting of an account.

    Attributes:
        at: when it counts.
        entry: which entry it belongs to.
        kind: what happened.
        amount: above zero a debit, below zero a credit.
        balance: what the account stands at after it.
        source: what it is about, if that has another id than the entry.
        happened_at: when it happened, if that was in a period closed before.
        note: words about it.
    """

    at: datetime
    entry: UUID
    kind: str
    amount: int
    balance: int
    source: UUID | None
    happened_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """What happened on an account from one instant to another.

    Attributes:
        account: which.
        since: the first instant.
        until: the first instant that doesn't belong to it.
        opening: what the account stood at.
    """

    account: Account
    since: datetime
    until: datetime
    opening: int
    _connection: Connection
    _utility: UUID
    _patience: float | None

    async def lines(self) -> AsyncGenerator[StatementLine, None]:
        """The postings in their order, a few at a time however many there are. The last balance is the closing one."""
        balance = self.opening
        sql = OWNED_LINES if self.account.key.owner else LINES_OF_THE_HOUSE
        arguments = (self._utility, self.account.id, self.since, self.until)
        async for at, entry, kind, amount, source, happened_at, note in self._connection.cursor(
            sql, *arguments, prefetch=PREFETCH, timeout=self._patience
        ):
            balance += amount
            yield StatementLine(at, entry, kind, amount, balance, source, happened_at, note)


@dataclass(frozen=True, slots=True)
class TrialLine:
    """All accounts of one kind, name and unit together, since the beginning.

    Attributes:
        kind: their kind.
        title: the kind in words.
        nature: what they count.
        name: which tax, charge or debt.
        unit: their unit.
        accounts: how many there are that anything was booked on.
        debits: the sum of their debits.
        credits: the sum of their credits, above zero.
    """

    kind: str
    title: str
    nature: Nature
    name: str
    unit: str
    accounts: int
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        """What is left: above zero on the debit side, below zero on the credit side."""
        return self.debits - self.credits


async def unhurried(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they need, and a little more memory."""
    await connection.execute(UNHURRIED)


async def utilities(connection: Connection) -> list[UUID]:
    """Whose books there are."""
    rows = await connection.fetch("SELECT DISTINCT utility_id FROM ledger.account ORDER BY utility_id")
    return [row["utility_id"] for row in rows]


async def account(connection: Connection, utility: UUID, number: int) -> Account:
    """An account by its number.

    Raises:
        UnknownAccountError: the utility has none of that number.
    """
    row = await connection.fetchrow(f"{ACCOUNTS} AND a.id = $2", utility, number)
    if row is None:
        raise UnknownAccountError(f"there is no account {number}", "look at the trial balance for those there are")
    return _account(row, utility)


async def find(  # noqa: PLR0913 - by what, and which page
    connection: Connection,
    utility: UUID,
    *,
    kind: str | None = None,
    name: str | None = None,
    owner: UUID | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[Account]:
    """The accounts of a kind, a name and an owner, whichever of them are given, in the order of their numbers.

    Those behind a number, and at most so many, when these are given.
    """
    rows = await connection.fetch(FIND, utility, kind, name, owner, after, limit)
    return [_account(row, utility) for row in rows]


async def guarded(connection: Connection, utility: UUID, accounts: Sequence[int] | None = None) -> list[Standing]:
    """Where guarded accounts stand now: these, or all."""
    sql = """SELECT account, posted, held, credit_limit FROM ledger.balance
        WHERE utility_id = $1 AND (account = ANY ($2::integer[]) OR $2 IS NULL) ORDER BY account"""
    return [Standing(*row) for row in await connection.fetch(sql, utility, accounts)]


async def floats_of(connection: Connection, utility: UUID, owners: Sequence[UUID]) -> dict[UUID, Standing]:
    """Where the floats of these vendors stand now; one that has none yet is left out."""
    rows = await connection.fetch(FLOATS, utility, Kind.VENDOR_FLOAT, owners)
    return {owner: Standing(*standing) for owner, *standing in rows}


async def balance_at(
    connection: Connection, utility: UUID, number: int, until: datetime, *, patience: float | None = None
) -> int:
    """What an account stood at: the sum of its postings before this instant.

    Raises:
        UnknownAccountError: the utility has no account of that number.
    """
    return await _balance(connection, utility, await account(connection, utility, number), until, patience)


async def statement(  # noqa: PLR0913 - an account, and from when to when
    connection: Connection,
    utility: UUID,
    number: int,
    since: datetime,
    until: datetime,
    *,
    patience: float | None = None,
) -> Statement:
    """What happened on an account from one instant to another; read its lines while the connection's transaction lasts.

    Raises:
        UnknownAccountError: the utility has no account of that number.
    """
    found = await account(connection, utility, number)
    opening = await _balance(connection, utility, found, since, patience)
    return Statement(found, since, until, opening, connection, utility, patience)


async def trial_balance(
    connection: Connection, utility: UUID, until: datetime, *, patience: float | None = None
) -> list[TrialLine]:
    """Debits and credits of all accounts before this instant: in each unit their sums are equal."""
    summed = await connection.fetchval(LAST_SUMMED, utility, until)
    rows = await connection.fetch(TRIAL, utility, summed, until, list(Nature), timeout=patience)
    return [TrialLine(kind, title, Nature(nature), *rest) for kind, title, nature, *rest in rows]


async def _balance(
    connection: Connection, utility: UUID, found: Account, until: datetime, patience: float | None
) -> int:
    summed = await connection.fetchval(LAST_SUMMED, utility, until)
    opening: int | None = await connection.fetchval(SUMMED, utility, found.id, summed)
    sql = SUM.format(OWNED if found.key.owner else OF_THE_HOUSE)
    since: int = await connection.fetchval(sql, utility, found.id, summed, until, timeout=patience)
    return (opening or 0) + since


def _account(row: Record, utility: UUID) -> Account:
    number, owner, kind, name, unit, title, nature = row
    return Account(number, AccountKey(kind, unit, None if owner == utility else owner, name), title, Nature(nature))
