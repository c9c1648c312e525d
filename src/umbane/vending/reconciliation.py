"""Reconciliation A: what a module made, what was sold of it, what the log says and what is booked, token by token.

The module's journal and counters are one witness, the books another, the log a third. They are held against each other
up to a moment at which nothing is under way, while sales go on. Whatever differs is named: the token's number, the
request, the sale.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec.json import decode

from umbane.audit import SALT_BYTES, seal, sealed_in
from umbane.audit.store import Batch, batches, waiting
from umbane.db import Connection
from umbane.ledger import Wrong
from umbane.ledger.reading import unhurried
from umbane.security import Record, SecurityModule, UnsupportedError
from umbane.sts import Credit
from umbane.vending.claims import CLAIMS
from umbane.vending.service import Engine
from umbane.vending.store import lock_module
from umbane.vending.withholding import in_portions, tidy

__all__ = ["Reconciliation", "Tally", "reconcile"]

MOST: Final = 20
"""So many differences are named; one is one too many."""
AT_A_TIME: Final = 1000
"""Tokens of the log that are looked up in one statement."""
MANY: Final = 1 << 30
CLAIMED: Final = frozenset({"sales booked", "sales founded"})
"""The claims by which tokens and the books of money and energy are held together."""

NOTHING, SOLD, WITHHELD, OPEN = range(4)
"""What became of a token."""
IN_A_SALE, KEPT_BACK = 1, 2
"""Where a token stands in the log."""

BOOKED: Final = """
SELECT number, request_id, sale_id, sgc, krn, kt, units, digits FROM vending.token
WHERE module = $1 AND number >= $2 AND number < $3 ORDER BY number"""
KEPT: Final = "SELECT number, made FROM vending.withheld WHERE module = $1 AND number >= $2 AND number < $3"
BY_NUMBER: Final = """
SELECT number, sale_id, sgc, krn, kt, units, digits FROM vending.token WHERE module = $1 AND number = ANY($2)"""
UNTOLD: Final = "SELECT number, sale_id FROM vending.token WHERE module = $1 AND number = ANY($2) ORDER BY number"
ASKED: Final = "SELECT unnest(requests) FROM vending.intent WHERE module = $1"
GREATEST: Final = "SELECT number FROM vending.token WHERE module = $1 ORDER BY number DESC LIMIT 1"


class Tally(NamedTuple):
    """The tokens that a module made under one vending key.

    Attributes:
        key: SGC, KRN and key type: "123456/1/2".
        made: in the journal.
        units: least units of credit that those carry.
        sold, withheld, open: what became of them; open is what is being asked for at this moment.
        logged: how many of those that were sold stand in the log.
    """

    key: str
    made: int = 0
    units: int = 0
    sold: int = 0
    withheld: int = 0
    open: int = 0
    logged: int = 0


@dataclass(slots=True)
class Reconciliation:
    """What came of it.

    Attributes:
        module: its name.
        count: tokens that were looked at: all that it had made at that moment.
        tallies: for each vending key.
        differences: in the order in which they were found, the first MOST of them.
    """

    module: str
    count: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    differences: list[Wrong] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether all witnesses say the same."""
        return not self.differences

    def differ(self, where: str, key: object, problem: str) -> None:
        """Note that something differs."""
        if len(self.differences) < MOST:
            self.differences.append(Wrong(where, str(key), problem))

    def add(self, key: str, **more: int) -> None:
        """Count something under a key."""
        tally = self.tallies.get(key) or Tally(key)
        self.tallies[key] = tally._replace(**{name: getattr(tally, name) + it for name, it in more.items()})


@dataclass(slots=True)
class Work:
    """What is known so far.

    Attributes:
        found: what will be answered.
        number: by which the books know the module.
        connection: which sees one moment of the books.
        fate: what became of each token.
        logged: where each token stands in the log.
        asked: requests that the module is being asked for.
    """

    found: Reconciliation
    number: int
    connection: Connection
    fate: bytearray
    logged: bytearray
    asked: set[UUID]


async def reconcile(engine: Engine) -> Reconciliation:
    """Hold the engine's module, the books and the log against each other.

    Args:
        engine: whose module it is; sales go on.
    """
    module, number = engine.house.module, engine.house.module_number
    await tidy(engine.database, engine.house, engine.clock())
    found, counted = await engine.database.run(lambda tx: at_rest(tx, module, number))
    async with engine.database.reading() as connection:
        await unhurried(connection)
        asked = {row[0] for row in await connection.fetch(ASKED, number)}
        work = Work(found, number, connection, bytearray(found.count), bytearray(found.count), asked)
        await hold_journal(work, module)
        hold_counters(found, counted)
        await hold_log(work)
        await find_untold(work)
        for claim in CLAIMS:
            if claim.name in CLAIMED and (wrong := await claim.check(connection, lambda _: None)):
                found.differ(wrong.table, wrong.key, wrong.problem)
    return found


async def at_rest(tx: Connection, module: SecurityModule, number: int) -> tuple[Reconciliation, Mapping[str, Any]]:
    """How many tokens a module has made, and its counters, at a moment when whatever it made is booked or lost."""
    await lock_module(tx, number)
    status = await module.status()
    counted: dict[str, Any] = {}
    with suppress(UnsupportedError):
        counted = {f"{it.sgc.value}/{it.krn.value}/{int(it.kt)}": n for it, n in (await module.counters()).items()}
    found = Reconciliation(status.name, status.count)
    greatest: int | None = await tx.fetchval(GREATEST, number)
    if greatest is not None and greatest >= status.count:
        found.differ(
            "vending.token",
            f"{status.name} {greatest}",
            f"is booked, and the module has made only {status.count} tokens",
        )
    return found, counted


# ---------------------------------------------------------------------------------------------------------- the journal


async def hold_journal(work: Work, module: SecurityModule) -> None:
    """Hold the journal against the books."""
    end = 0
    async for portion in in_portions(module, 0):
        records = [it for it in portion if it.first < work.found.count]
        if not records:
            break
        last = records[-1].first + records[-1].made
        await hold_portion(work, records, end, last)
        end = last
    if end < work.found.count:
        told = f"its counter says {work.found.count} tokens, and its journal tells only {end}"
        work.found.differ("module", work.found.module, told)


async def hold_portion(work: Work, records: Sequence[Record], start: int, end: int) -> None:
    """Hold some requests of the journal against the books."""
    booked = each_once(work, await work.connection.fetch(BOOKED, work.number, start, end))
    kept = {it for row in await work.connection.fetch(KEPT, work.number, start, end) for it in numbers(*row)}
    for record in records:
        key = key_of(record)
        work.found.add(key, made=record.made, units=units_of(record))
        for token in numbers(record.first, record.made):
            hold_token(work, token, record, booked.pop(token, None), is_kept=token in kept)
    for token, row in booked.items():
        name = f"{work.found.module} {token}"
        work.found.differ("vending.token", name, f"is in sale {row['sale_id']}, and the journal has no such token")


def each_once(work: Work, rows: Sequence[Any]) -> dict[int, Any]:
    """Tokens of the books by their numbers; no two sales have the same."""
    found: dict[int, Any] = {}
    for row in rows:
        if other := found.get(row["number"]):
            name, sales = f"{work.found.module} {row['number']}", f"{other['sale_id']}, and in {row['sale_id']} again"
            work.found.differ("vending.token", name, f"is in sale {sales}")
        found[row["number"]] = row
    return found


def hold_token(work: Work, token: int, record: Record, row: Any, *, is_kept: bool) -> None:  # noqa: ANN401 - a row
    """Hold one token of the journal against what the books say of it."""
    key, request = key_of(record), record.request.id
    fate = SOLD if row else WITHHELD if is_kept else OPEN if request in work.asked else NOTHING
    work.fate[token] = fate
    if row is None:
        name = f"{work.found.module} {token}"
        if fate == NOTHING:
            work.found.differ("journal", name, f"was made for request {request}, and is neither sold nor withheld")
        work.found.add(key, withheld=fate == WITHHELD, open=fate == OPEN)
        return
    work.found.add(key, sold=1)
    sale, said = row["sale_id"], f"{row['sgc']}/{row['krn']}/{row['kt']}"
    name = f"{work.found.module} {token}"
    if row["request_id"] != request:
        work.found.differ("vending.token", name, f"is in sale {sale}, and the journal made it for request {request}")
    elif said != key:
        work.found.differ("vending.token", name, f"is in sale {sale} under key {said}, and was made under {key}")
    elif row["units"] != units_of(record):
        carried = units_of(record)
        work.found.differ("vending.token", name, f"is in sale {sale} with {row['units']} units, and carries {carried}")


def numbers(first: int, made: int) -> range:
    """The numbers of tokens."""
    return range(first, first + made)


def key_of(record: Record) -> str:
    """The vending key under which tokens were made."""
    key = record.request.key
    return f"{key.sgc.value}/{key.krn.value}/{int(key.kt)}"


def units_of(record: Record) -> int:
    """The units of credit that a request's token carries."""
    token: object = getattr(record.request, "token", None)
    return token.carried if isinstance(token, Credit) else 0


def hold_counters(found: Reconciliation, counted: Mapping[str, Any]) -> None:
    """Hold the module's counters against its journal."""
    for key, count in counted.items():
        tally = found.tallies.get(key) or Tally(key)
        if (count.tokens, count.units) != (tally.made, tally.units):
            told = f"counts {count.tokens} tokens with {count.units} units under key {key}"
            found.differ("module", found.module, f"{told}, and its journal tells {tally.made} with {tally.units}")


# -------------------------------------------------------------------------------------------------------------- the log


class Told(NamedTuple):
    """A token, as the log has it."""

    number: int
    sale: str
    key: str
    units: int
    sealed: str
    salt: bytes


async def hold_log(work: Work) -> None:
    """Hold the log against the books, those of its entries too that wait for their places."""
    portion: list[Told] = []
    async for batch in batches(work.connection):
        portion += told_in(work, batch)
        if len(portion) > AT_A_TIME:
            await hold_told(work, portion)
            portion = []
    for batch in await waiting(work.connection, MANY):
        portion += told_in(work, batch)
    await hold_told(work, portion)


def told_in(work: Work, batch: Batch) -> Iterator[Told]:
    """What a batch of the log says of this module's tokens."""
    used = 0
    for line in batch.lines:
        said: dict[str, Any] = decode(line)
        count = len(sealed_in(said))
        if said["kind"] == "sale":
            for place, it in enumerate(said["tokens"], used):
                if it["module"] == work.number and it["number"] < work.found.count:
                    salt = batch.salts[place * SALT_BYTES :][:SALT_BYTES]
                    yield Told(it["number"], said["id"], it["key"], it["units"], it["sealed"], salt)
        elif said["kind"] == "withheld" and said["module"] == work.number and said["number"] < work.found.count:
            work.logged[said["number"]] |= KEPT_BACK
        used += count


async def hold_told(work: Work, told: Sequence[Told]) -> None:
    """Hold what the log says of some tokens against the books."""
    rows = await work.connection.fetch(BY_NUMBER, work.number, [it.number for it in told])
    booked: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        booked[row["number"]].append(row)
    for it in told:
        problem = problem_with(it, next((row for row in booked[it.number] if str(row["sale_id"]) == it.sale), None))
        if problem:
            work.found.differ("log", f"{work.found.module} {it.number}", problem)
        elif work.logged[it.number] & IN_A_SALE:
            work.found.differ("log", f"{work.found.module} {it.number}", "stands there twice")
        else:
            work.logged[it.number] |= IN_A_SALE
            work.found.add(it.key, logged=1)


def problem_with(told: Told, row: Any) -> str | None:  # noqa: ANN401 - a row
    """Why what the log says of a token isn't what the books say."""
    if row is None:
        return f"stands there as one of sale {told.sale}, and the books have it in no such sale"
    if told.key != f"{row['sgc']}/{row['krn']}/{row['kt']}":
        return f"stands there under key {told.key}, and in sale {told.sale} under another"
    if told.units != row["units"]:
        return f"stands there with {told.units} units, and in sale {told.sale} with {row['units']}"
    if seal(told.salt, row["digits"]) != told.sealed:
        return f"stands there with other digits than in sale {told.sale}"
    return None


async def find_untold(work: Work) -> None:
    """Find tokens that were sold or withheld and aren't in the log."""
    untold = [it for it, fate in enumerate(work.fate) if fate == SOLD and not work.logged[it] & IN_A_SALE]
    for row in await work.connection.fetch(UNTOLD, work.number, untold):
        name = f"{work.found.module} {row['number']}"
        work.found.differ("vending.token", name, f"is in sale {row['sale_id']}, and not in the log")
    for it, fate in enumerate(work.fate):
        if fate == WITHHELD and not work.logged[it] & KEPT_BACK:
            work.found.differ("vending.withheld", f"{work.found.module} {it}", "is withheld, and not in the log")
    work.found.tallies = dict(sorted(work.found.tallies.items(), key=itemgetter(0)))
