"""Proofs of the books: somebody asks for one, a job does it, and the answer is fetched when it is there."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta
from msgspec.json import decode, encode

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.books import SUMMING
from umbane.api.managing.writing import once
from umbane.api.problems import ApiError
from umbane.api.rights import Right
from umbane.db import Connection, Database, Handlers, Job, NewJob, database_clock, enqueue, new_ids
from umbane.ledger import BOOKS, Finding, prove, sum_periods
from umbane.registry import Scope, utilities
from umbane.trade.bankclaims import BANKING
from umbane.trade.claims import TRADE
from umbane.vending import CLAIMS, LOG

__all__ = ["OPERATIONS", "Prover"]

PROVING: Final = "books.prove"
ASKING: Final = "INSERT INTO api.proof (utility_id, id, asked_by, asked_at) VALUES ($1, $2, $3, $4)"
FINISHING: Final = """
UPDATE api.proof SET finished_at = $3, findings = $4 WHERE utility_id = $1 AND id = $2 AND finished_at IS NULL"""
ASKED: Final = """
SELECT id, asked_by, asked_at, finished_at, findings FROM api.proof WHERE utility_id = $1 AND id = $2"""
OTHERS: Final = "other utilities have their books here: whoever runs Umbane sees the row with `umbane books prove`"


class ProofIn(wire.Asked, frozen=True):
    """Nothing more than that it is wanted."""


class FindingOut(wire.Told, frozen=True):
    """What became of a claim."""

    claim: str
    says: str
    rows: Annotated[int, Meta(description="that were looked at")]
    wrong: Annotated[str | None, Meta(description="the first row that is wrong; null when the claim holds")]


class ProofOut(wire.Told, frozen=True):
    """A proof: asked for, or done."""

    id: UUID
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    holds: Annotated[bool | None, Meta(description="null until it is finished")]
    findings: list[FindingOut]


async def ask(desk: Desk, call: Call) -> Reply:
    """Have the books proved."""
    [id_], now = new_ids(1), desk.now()

    async def work(tx: Connection, scope: Scope) -> ProofOut:
        await tx.execute(ASKING, scope.utility_id, id_, scope.by, now)
        await enqueue(tx, [NewJob(PROVING, {"utility": str(scope.utility_id), "proof": str(id_)})], now)
        return ProofOut(id_, scope.by, now, None, None, [])

    return await once(desk, call, ProofOut, work)


async def look(desk: Desk, call: Call) -> Reply:
    """How a proof stands."""
    async with desk.database.reading() as connection:
        row = await connection.fetchrow(ASKED, call.who.utility_id, call.id("proof_id"))
    if row is None:
        raise ApiError(HTTPStatus.NOT_FOUND, "unknown_proof", "there is no such proof", "look at the id")
    found = decode(row["findings"], type=list[FindingOut]) if row["findings"] else []
    holds = all(it.wrong is None for it in found) if found else None
    return Reply(ProofOut(row["id"], row["asked_by"], row["asked_at"], row["finished_at"], holds, found))


class Prover:
    """Does what is asked of the books, outside of any request.

    Args:
        database: with the books.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def handlers(self) -> Handlers:
        """What a worker needs to know."""
        handlers = Handlers()
        handlers.each(PROVING, self.prove)
        handlers.each(SUMMING, self.sum)
        return handlers

    async def sum(self, job: Job) -> None:
        """Sum the closed periods of a utility that weren't."""
        await sum_periods(self.database, UUID(job.payload["utility"]))

    async def prove(self, job: Job) -> None:
        """Prove all books of this deployment, and write down what became of each claim."""
        utility, proof = UUID(job.payload["utility"]), UUID(job.payload["proof"])
        async with self.database.reading() as connection:
            alone = len(await utilities(connection)) == 1
        findings = (await prove(self.database, (*BOOKS, *CLAIMS, *TRADE, *BANKING, *LOG))).findings
        text = encode([finding_out(it, alone=alone) for it in findings]).decode()
        now = await database_clock(self.database)()
        await self.database.run(lambda tx: tx.execute(FINISHING, utility, proof, now, text))


def finding_out(it: Finding, *, alone: bool) -> FindingOut:
    """A finding as it is answered; a row may be another utility's, and then nobody of this one sees which it is."""
    wrong = None if it.wrong is None else str(it.wrong) if alone else OTHERS
    return FindingOut(it.claim.name, it.claim.says, it.rows, wrong)


OPERATIONS: Final = (
    Operation("prove_books", "POST", "/v1/books/proofs", "Have the books proved", ask, {201: ProofOut, 200: ProofOut},
        (Right.READ_BOOKS,), ProofIn, problems=(409, 422), keyed=True),
    Operation("proof", "GET", "/v1/books/proofs/{proof_id}", "How a proof stands", look, {200: ProofOut},
        (Right.READ_BOOKS,), problems=(404, 422)),
)  # fmt: skip
