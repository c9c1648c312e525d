"""Reconciliation A beside a server: every night, and whenever somebody asks for it, by whoever has the module.

What came of it stands in the log, with what the module says of itself under its signature. A difference is an alarm
for every utility. It is a job: one that found a difference is dead at once, with the first one as its problem, so that
it is seen where operators look (`umbane jobs dead`).
"""

from datetime import UTC, datetime
from typing import Final

from prometheus_client import Gauge

from umbane.api.alarms import raise_everywhere
from umbane.api.keeping import Chore, jobs_chore, worker_for
from umbane.api.watching import Watch
from umbane.audit import Fact, Tree, append, last_head
from umbane.db import Connection, GiveUp, Handlers, Job, NewJob, database_clock, enqueue
from umbane.registry import utilities
from umbane.security import UnsupportedError
from umbane.vending import Engine, Reconciliation, reconcile

__all__ = ["Reconciler", "ask_for", "ask_once_a_night", "job_of", "write_down"]

IDLE: Final = 2.0
"""Seconds between two looks at the queue."""
LOOK: Final = 600.0
"""Seconds between two looks whether it is time."""
ELSEWHERE: Final = "the witnesses don't agree: umbane reconcile says about what"
LAST: Final = """
SELECT max(enqueued_at) FROM (
    SELECT enqueued_at, name FROM db.job UNION ALL SELECT enqueued_at, name FROM db.job_outcome
) AS job WHERE name = $1"""
TURN: Final = "SELECT pg_advisory_xact_lock(1919247214)"


def job_of(module: str) -> str:
    """The name of the job that reconciles a module."""
    return f"reconcile.{module}"


async def ask_for(tx: Connection, module: str, now: datetime) -> int:
    """Have a module reconciled by whoever has it; the number of the job."""
    [number] = await enqueue(tx, [NewJob(job_of(module))], now)
    return number


async def write_down(engine: Engine, found: Reconciliation) -> None:
    """Write into the log what came of a reconciliation, and raise an alarm over what differs."""
    now, statement = await database_clock(engine.database)(), await said_by(engine)
    keys = [it._asdict() for it in found.tallies.values()]
    async with engine.database.reading() as connection:
        alone = len(await utilities(connection)) == 1  # else a difference may be about another's sale
    differences = [str(it) for it in found.differences] if alone else [ELSEWHERE] * len(found.differences)
    fact = Fact("reconciliation", now, {
        "module": found.module, "made": found.count, "keys": keys, "differences": differences, **statement,
    })  # fmt: skip

    async def work(tx: Connection) -> None:
        await append(tx, [fact])
        if differences:
            words = problem_of(found) if alone else ELSEWHERE
            await raise_everywhere(tx, "reconciliation", f"module:{found.module}", words, now)

    await engine.database.run(work)


async def said_by(engine: Engine) -> dict[str, str]:
    """What the module says of itself, signed together with the root of the last head: so it wasn't said before that."""
    async with engine.database.reading() as connection:
        head = await last_head(connection)
    challenge = head.root if head else Tree().root()
    try:
        said = await engine.house.module.attest(challenge)
    except UnsupportedError:
        return {}
    statement, signature = said.statement.decode("ascii"), said.signature.hex()
    return {"challenge": challenge.hex(), "statement": statement, "signature": signature}


def problem_of(found: Reconciliation) -> str:
    """The first difference, and how many more there are."""
    more = f" (and {len(found.differences) - 1} more)" if len(found.differences) > 1 else ""
    return f"{found.differences[0]}{more}"


class Reconciler:
    """Reconciles the module of a server.

    Args:
        engine: that sells with it.
        module: its name.
        watch: where it is told whether all witnesses agree.
    """

    def __init__(self, engine: Engine, module: str, watch: Watch) -> None:
        self.engine, self.module = engine, module
        words = "Differences that the last reconciliation found."
        self.differences = Gauge("umbane_reconciliation_differences", words, registry=watch.registry)

    def chores(self) -> list[Chore]:
        """To do what is asked, and to ask for it every night; whoever starts a server waits for nothing."""
        handlers = Handlers()
        handlers.each(job_of(self.module), self.reconcile)
        worker = worker_for("reconciliation", self.engine.database, handlers)
        return [
            jobs_chore("hold the security module against the books", worker, IDLE),
            Chore("nightly", "ask for the reconciliation of the night", self.ask_if_due, LOOK),
        ]

    async def reconcile(self, _job: Job) -> None:
        """Reconcile; what differs is a reason to give up."""
        found = await reconcile(self.engine)
        self.differences.set(len(found.differences))
        await write_down(self.engine, found)
        if not found.agrees:
            raise GiveUp(problem_of(found))

    async def ask_if_due(self) -> None:
        """Ask for it if it is time."""
        now = await database_clock(self.engine.database)()
        await self.engine.database.run(lambda tx: ask_once_a_night(tx, self.module, now))


async def ask_once_a_night(tx: Connection, module: str, now: datetime) -> bool:
    """Ask for it if nobody did since midnight, UTC; whether that was so."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    await tx.execute(TURN)
    last: datetime | None = await tx.fetchval(LAST, job_of(module))
    if last is not None and last >= midnight:
        return False
    await ask_for(tx, module, now)
    return True
