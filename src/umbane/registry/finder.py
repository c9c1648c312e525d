"""The words by which customers are found, kept beside every change of what they are made from."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from umbane.db import Connection, Table
from umbane.registry.folding import digits_of, fold

__all__ = ["FINDER", "refresh_finder", "refresh_place", "words_of"]

FINDER: Final = Table(
    "registry.finder", {"utility_id": "uuid", "customer_id": "uuid", "contract_id": "uuid", "words": "text"}
)
FORGETTING: Final = "DELETE FROM registry.finder WHERE utility_id = $1 AND customer_id = ANY($2)"
KNOWN: Final = """
SELECT p.id, c.id, p.name, p.phone, p.email, p.id_number, c.account_no, s.address
FROM registry.customer p
LEFT JOIN registry.contract c ON c.utility_id = p.utility_id AND c.customer_id = p.id
LEFT JOIN registry.service_point s ON s.utility_id = c.utility_id AND s.id = c.service_point_id
WHERE p.utility_id = $1 AND p.id = ANY($2)"""
PEOPLE_OF_PLACE: Final = """
SELECT DISTINCT customer_id FROM registry.contract WHERE utility_id = $1 AND service_point_id = $2"""


def words_of(  # noqa: PLR0913, PLR0917 - everything that people search by
    name: str,
    phone: str | None,
    email: str | None,
    id_number: str | None,
    account_no: str | None,
    address: str | None,
) -> str:
    """Everything that people search by, in one text."""
    numbers = digits_of((phone, account_no))
    return f"{fold(name, address, email, id_number, account_no)} {fold(numbers)}".strip()


async def refresh_finder(tx: Connection, utility_id: UUID, customer_ids: Iterable[UUID]) -> None:
    """Make the words of some customers anew."""
    ids = [*customer_ids]
    await tx.execute(FORGETTING, utility_id, ids)
    rows = await tx.fetch(KNOWN, utility_id, ids)
    words = [words_of(*list(row)[2:]) for row in rows]
    await FINDER.insert(tx, [utility_id] * len(rows), [it[0] for it in rows], [it[1] for it in rows], words)


async def refresh_place(tx: Connection, utility_id: UUID, service_point_id: UUID) -> None:
    """Make the words of everybody anew who has or had a contract for a place."""
    rows = await tx.fetch(PEOPLE_OF_PLACE, utility_id, service_point_id)
    await refresh_finder(tx, utility_id, [row[0] for row in rows])
