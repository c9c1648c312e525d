"""What somebody with all rights could do to the books of `a_week`, and what the proof says to it."""

from dataclasses import dataclass
from uuid import UUID

from tests.ledger.support import (
    FLOAT,
    HOUSE,
    NOON,
    OTHER_FLOAT,
    OTHER_HOUSE,
    Shop,
    as_superuser,
    minutes,
    numbered,
    open_shop,
)
from umbane.db import Database, Server
from umbane.db.guards import known_guards
from umbane.ledger import HoldRequest, Reversal, close_period

__all__ = ["BACK", "FIRST", "HELD", "LONE", "NEXT", "SECOND", "TAMPERED", "Case", "a_week", "tamper"]

FIRST, SECOND, HELD, BACK, NEXT, LONE = (str(numbered(number)) for number in range(1, 7))
POSTED, VOIDED, PENDING = (str(numbered(number)) for number in (101, 102, 103))
NOWHERE = str(numbered(99))

GUARDS = {it for it in known_guards().triggers if it.table.startswith("ledger.")}
ALWAYS = {"stays", "kept_by_triggers", "ends_once"}
"""The guards that hold even for replicas."""


async def a_week(database: Database) -> Shop:
    """A shop with everything that books can have: sales, a deposit, holds, a reversal, two closed periods."""
    shop = await open_shop(database, limit=20_000)
    numbers = (numbered(101), numbered(102), numbered(103))
    requests = [HoldRequest(number, shop.ids[FLOAT], 1_150, NOON, minutes(9)) for number in numbers]
    await shop.run(lambda book: book.hold(requests))
    await shop.post(shop.sale(2_300, id=UUID(FIRST)), shop.sale(1_150, at=minutes(1), id=UUID(SECOND)))
    await shop.post(shop.deposit(7_000, at=minutes(2)))
    await shop.post(shop.sale(1_150, hold=numbered(101), id=UUID(HELD), at=minutes(3)))
    await shop.run(lambda book: book.void([numbered(102)], NOON, "no answer"))
    await shop.run(lambda book: book.reverse([Reversal(UUID(BACK), UUID(SECOND), minutes(4), "wrong meter")]))
    await close_period(database, HOUSE, minutes(2), minutes(60))
    await close_period(database, HOUSE, minutes(5), minutes(60))
    await shop.post(shop.sale(575, at=minutes(6), id=UUID(NEXT)))
    await shop.post(shop.sale(575, OTHER_FLOAT, at=minutes(7), id=UUID(LONE)))
    return shop


@dataclass(frozen=True, slots=True)
class Case:
    """A change, and the claim that it breaks, with words of what the claim says."""

    change: str
    claim: str
    table: str
    problem: str
    key: str = ""


def entry(number: str, change: str) -> str:
    """Change an entry."""
    return f"UPDATE ledger.entry SET {change} WHERE id = '{number}'"  # noqa: S608 - our own words


def hold(number: str, change: str) -> str:
    """Change a hold."""
    return f"UPDATE ledger.hold SET {change} WHERE id = '{number}'"  # noqa: S608 - our own words


def end(table: str) -> str:
    """Let the first period end earlier."""
    return f"UPDATE ledger.{table} SET until = '{minutes(1)}' WHERE until = '{minutes(2)}'"  # noqa: S608 - our own words


SUMS = [
    Case(entry(FIRST, "amounts[1] = 2301"), "entries", "ledger.entry", "ZAR sum to 1, not to zero", FIRST),
    Case(entry(NEXT, "amounts[1] = amounts[1] - 5"), "entries", "ledger.entry", "ZAR sum to -5, not to zero", NEXT),
    Case(entry(FIRST, "amounts[4] = 7"), "entries", "ledger.entry", "kWh sum to -70, not to zero", FIRST),
    Case(entry(FIRST, "amounts = amounts[1:2]"), "entries", "ledger.entry", "has no amount", FIRST),
    Case(entry(FIRST, "amounts[1] = NULL"), "entries", "ledger.entry", "has no amount", FIRST),
    Case(entry(FIRST, "accounts = accounts[1:4]"), "entries", "ledger.entry", "has no account", FIRST),
    Case(entry(FIRST, "accounts[1] = 999"), "entries", "ledger.entry", "account 999 isn't one of its utility", FIRST),
    Case(
        entry(FIRST, "amounts = array_append(amounts, 0), accounts = array_append(accounts, 4)"),
        "entries", "ledger.entry", "account 4 has an amount of zero", FIRST,
    ),
]  # fmt: skip

# Both sides of a posting are changed, so that the sums still agree: lines and periods tell.
LINES = [
    Case(
        entry(FIRST, "amounts[1] = 2400, amounts[2] = amounts[2] - 100"),
        "lines", "ledger.line", "there is no line for this posting of 2400", FIRST,
    ),
    Case(entry(FIRST, "at = at + interval '1 s'"), "lines", "ledger.line", "there is no such posting of 2300", FIRST),
    Case(
        f"DELETE FROM ledger.entry WHERE id = '{NEXT}'",  # noqa: S608 - our own words
        "lines", "ledger.line", "there is no such posting of 575", NEXT,
    ),
    Case(
        f"DELETE FROM ledger.line WHERE entry_id = '{NEXT}'",  # noqa: S608 - our own words
        "lines", "ledger.line", "there is no line for this posting of 575", NEXT,
    ),
    Case("UPDATE ledger.line SET amount = 576 WHERE amount = 575", "lines", "ledger.line", "575", NEXT),
    Case(
        "INSERT INTO ledger.line SELECT * FROM ledger.line",
        "lines", "ledger.line", "there is no such posting of 2300", FIRST,
    ),
]  # fmt: skip

REVERSALS = [
    Case(entry(BACK, f"reverses = '{NOWHERE}'"), "reversals", "ledger.entry", "which doesn't exist", BACK),
    Case(entry(BACK, f"reverses = '{NEXT}'"), "reversals", "ledger.entry", f"isn't the contra entry of {NEXT}", BACK),
    Case(entry(BACK, f"reverses = '{BACK}'"), "reversals", "ledger.entry", "which is a reversal", BACK),
    Case(
        entry(LONE, f"reverses = '{SECOND}', kind = 'reversal', note = 'x'"),
        "reversals", "ledger.entry", f"takes back entry {SECOND}, which others take back too", BACK,
    ),
]  # fmt: skip

HOLDS = [
    Case(entry(HELD, "hold_id = NULL"), "holds", "ledger.hold", f"by entry {HELD}, which doesn't post it", POSTED),
    Case(
        entry(NEXT, f"hold_id = '{POSTED}'"),
        "holds", "ledger.entry", f"posts hold {POSTED}, which is posted by entry {HELD}", NEXT,
    ),
    Case(entry(NEXT, f"hold_id = '{NOWHERE}'"), "holds", "ledger.entry", "which doesn't exist", NEXT),
    Case(entry(NEXT, f"hold_id = '{PENDING}'"), "holds", "ledger.entry", "which is pending", NEXT),
    Case(entry(NEXT, f"hold_id = '{VOIDED}'"), "holds", "ledger.entry", "which is voided", NEXT),
    Case(hold(POSTED, "account = 999"), "holds", "ledger.hold", "which has nothing on account 999", POSTED),
    Case(
        hold(PENDING, "amount = amount + 1"),
        "balances", "ledger.balance", "says that 1150 is held, and the pending holds sum to 1151",
    ),
    Case(
        "DELETE FROM ledger.hold WHERE state = 'pending'",
        "balances", "ledger.balance", "the pending holds sum to 0",
    ),
]  # fmt: skip

BALANCES = [
    Case(
        "UPDATE ledger.balance SET posted = posted - 1",
        "balances", "ledger.balance", "says that -2976 was posted, and the postings sum to -2975",
    ),
    Case(
        "UPDATE ledger.balance SET credit_limit = credit_limit + 1",
        "balances", "ledger.balance", "has a limit of 20001, and 20000 was set",
    ),
    Case("DELETE FROM ledger.balance", "balances", "ledger.balance", "is missing"),
    Case(
        "INSERT INTO ledger.balance SELECT utility_id, 999 FROM ledger.balance LIMIT 1",
        "balances", "ledger.balance", "belongs to no guarded account", "999",
    ),
    Case(
        f"UPDATE ledger.balance SET utility_id = '{OTHER_HOUSE}'",  # noqa: S608 - our own words
        "balances", "ledger.balance", "belongs to another utility",
    ),
    Case(
        "UPDATE ledger.balance SET credit_limit = 10; UPDATE ledger.credit_limit SET amount = 10",
        "balances", "ledger.balance", "is above its limit: 575 posted and 0 held, of 10",
    ),
]  # fmt: skip

PERIODS = [
    Case(
        entry(FIRST, "amounts[2] = amounts[2] - 100, amounts[3] = amounts[3] + 100"),
        "periods", "ledger.period_sum", "says that credits are",
    ),
    Case(
        "UPDATE ledger.period_sum SET debits = debits + 1", "periods", "ledger.period_sum", "says that debits are"
    ),
    Case("UPDATE ledger.period_sum SET balance = balance + 1", "periods", "ledger.period_sum", "ends at "),
    Case("DELETE FROM ledger.period_sum", "periods", "ledger.period_sum", "is missing"),
    Case(
        "INSERT INTO ledger.period_sum SELECT utility_id, 999, until, 0, 0, 0 FROM ledger.period",
        "periods", "ledger.period_sum", "belongs to no posting", "999",
    ),
    Case(
        "INSERT INTO ledger.period_summed SELECT utility_id, until + interval '1 s', 0 FROM ledger.period",
        "periods", "ledger.period_summed", "belongs to no period that is closed",
    ),
    Case(
        "INSERT INTO ledger.period_sum SELECT utility_id, 1, until + interval '1 h', 0, 0, 5 FROM ledger.period",
        "periods", "ledger.period_sum", "belongs to no period that is closed",
    ),
    Case(
        "; ".join(end(table) for table in ("period", "period_sum", "period_summed")),
        "periods", "ledger.period_sum", "and the postings sum to",
    ),
]  # fmt: skip

TAMPERED = [*SUMS, *LINES, *REVERSALS, *HOLDS, *BALANCES, *PERIODS]


async def tamper(place: Server, *changes: str) -> None:
    """Change rows as a superuser who switches off every guard and every rule, and the guards on again."""
    await as_superuser(
        place,
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in sorted({it.table for it in GUARDS})),
        "ALTER TABLE ledger.entry DROP CONSTRAINT one_amount_for_each_account",
        "ALTER TABLE ledger.entry DROP CONSTRAINT no_empty_posting",
        "ALTER TABLE ledger.balance DROP CONSTRAINT within_limit",
        "DROP INDEX ledger.entry_reversed_once",
        *changes,
        *(
            f"ALTER TABLE {it.table} ENABLE {'ALWAYS' if it.name in ALWAYS else ''} TRIGGER {it.name}"
            for it in sorted(GUARDS)
        ),
    )
