"""What the books and the security module say of a story."""

from collections.abc import Sequence
from uuid import UUID

from umbane.db import Database
from umbane.ledger import BOOKS, prove
from umbane.security import SecurityModule
from umbane.simulation.models import Sale
from umbane.simulation.proof import Proof
from umbane.vending import CLAIMS, LOG, booked_tokens

__all__ = ["audit"]

KNOWN = """
SELECT s.id, s.tender, (SELECT count(*) FROM vending.token t WHERE t.utility_id = s.utility_id AND t.sale_id = s.id)
FROM vending.sale s WHERE s.utility_id = ANY ($1) AND s.id = ANY ($2)"""


async def audit(
    database: Database, module: SecurityModule, utilities: Sequence[UUID], sales: Sequence[Sale]
) -> tuple[Proof, ...]:
    """Compare the slips with the books, the books with the module, and the books with themselves."""
    asked = {it.id: it for it in sales if it.id is not None}
    async with database.reading() as connection:
        rows = await connection.fetch(KNOWN, [*utilities], [*asked])
        status = await module.status()
        booked = await booked_tokens(connection, status.name)
    paid = sum(asked[id_].tender == tender for id_, tender, _ in rows)
    tokens = sum(len(it.deliveries) for it in asked.values())
    proof = await prove(database, (*BOOKS, *CLAIMS, *LOG))
    good = sum(it.wrong is None for it in proof.findings)
    return (
        Proof("Every sale is in the books, for the money on its receipt", len(asked), paid, str),
        Proof("Every token on a receipt is in the books", tokens, sum(count for *_, count in rows), str),
        Proof("The security module made as many tokens as the books know", status.count, booked, str),
        Proof("Claims of the books that prove themselves", good, len(proof.findings), str),
    )
