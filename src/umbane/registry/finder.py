"""The words by which customers are found, kept beside every change of what they are made from."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from umbane.db import Connection, Table
from umbane.registry.folding import words_of

__all__ = ["add_words", "refresh_finder", "refresh_place"]

# An array of arrays must be as wide in every row, so each row's words travel as one text.
FINDER: Final = Table("", {"customer_id": "uuid", "contract_id": "uuid", "words": "text"})
ADDITION: Final = f"""
INSERT INTO registry.finder (utility_id, customer_id, contract_id, words)
SELECT $4, new.customer_id, new.contract_id, string_to_array(new.words, ' ') FROM {FINDER.rows}"""  # noqa: S608 - our columns
VOCABULARY: Final = """
INSERT INTO registry.word (utility_id, word) SELECT $1, word FROM unnest($2::text[]) AS new(word)
ON CONFLICT DO NOTHING"""
"""Numbers need no vocabulary: what is one slip away from one is tried."""
FORGETTING: Final = "DELETE FROM registry.finder WHERE utility_id = $1 AND customer_id = ANY($2)"
KNOWN: Final = """
SELECT p.id, c.id, p.name, p.email, p.id_number, s.address, p.phone, c.account_no
FROM registry.customer p
LEFT JOIN registry.contract c ON c.utility_id = p.utility_id AND c.customer_id = p.id
LEFT JOIN registry.service_point s ON s.utility_id = c.utility_id AND s.id = c.service_point_id
WHERE p.utility_id = $1 AND p.id = ANY($2)"""
PEOPLE_OF_PLACE: Final = """
SELECT DISTINCT customer_id FROM registry.contract WHERE utility_id = $1 AND service_point_id = $2"""


async def add_words(
    tx: Connection,
    utility_id: UUID,
    customer_ids: Sequence[UUID],
    contract_ids: Sequence[UUID | None],
    words: Sequence[Sequence[str]],
) -> None:
    """Add the words of customers that have none yet, a list for each column."""
    await tx.execute(ADDITION, customer_ids, contract_ids, [" ".join(it) for it in words], utility_id)
    known = set().union(*words)
    await tx.execute(VOCABULARY, utility_id, sorted(it for it in known if not it.isdecimal()))


async def refresh_finder(tx: Connection, utility_id: UUID, customer_ids: Iterable[UUID]) -> None:
    """Make the words of some customers anew."""
    ids = [*customer_ids]
    await tx.execute(FORGETTING, utility_id, ids)
    rows = await tx.fetch(KNOWN, utility_id, ids)
    words = [words_of((name, *texts), phone, account) for _, _, name, *texts, phone, account in rows]
    await add_words(tx, utility_id, [it[0] for it in rows], [it[1] for it in rows], words)


async def refresh_place(tx: Connection, utility_id: UUID, service_point_id: UUID) -> None:
    """Make the words of everybody anew who has or had a contract for a place."""
    rows = await tx.fetch(PEOPLE_OF_PLACE, utility_id, service_point_id)
    await refresh_finder(tx, utility_id, [row[0] for row in rows])
