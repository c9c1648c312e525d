"""What accounts owe stands in the books too: whatever puts a debt on one, or moves it, books it in its transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from uuid import UUID

from umbane.db import Connection, new_ids
from umbane.ledger import open_book
from umbane.ledger.debts import BookedDebt, Origin, book_debts, move_debts
from umbane.pricing import Arrears, Tariff
from umbane.registry.roles import Scope
from umbane.registry.utilities import utility

__all__ = ["beginning", "book_inheritance", "book_owed", "is_collected", "note_of", "owed_by"]


def owed_by(contract_id: UUID, arrears: Iterable[Arrears]) -> list[BookedDebt]:
    """What a contract owes, each kind of debt once."""
    owed: Counter[str] = Counter()
    for debt in arrears:
        owed[debt.kind] += debt.owed
    return [BookedDebt(contract_id, kind, amount) for kind, amount in owed.items() if amount]


async def book_owed(  # noqa: PLR0913, PLR0917 - whose, how much, since when, and why
    tx: Connection, scope: Scope, debts: Sequence[BookedDebt], origin: Origin, at: datetime, reason: str
) -> list[UUID]:
    """Book debts; answer the ids of their entries."""
    if not debts:
        return []
    currency = (await utility(tx, scope.utility_id)).currency.code
    ids, book = new_ids(len(debts)), await open_book(tx, scope.utility_id)
    await book_debts(book, dict(zip(ids, debts, strict=True)), currency, origin, at, note_of(scope, reason))
    return ids


async def book_inheritance(  # noqa: PLR0913, PLR0917 - whose, to whom, when, and why
    tx: Connection, scope: Scope, debts: Sequence[BookedDebt], heir: UUID, on: date, reason: str
) -> None:
    """Book that another contract owes from a day on what one owed."""
    currency, at = (await utility(tx, scope.utility_id)).currency.code, await beginning(tx, scope, on)
    book = await open_book(tx, scope.utility_id)
    await move_debts(book, new_ids(1)[0], debts, heir, currency, at, note_of(scope, reason))


async def beginning(connection: Connection, scope: Scope, on: date) -> datetime:
    """When a day begins where the utility is."""
    return datetime.combine(on, time(), (await utility(connection, scope.utility_id)).zone)


def is_collected(tariff: Tariff, debt: Arrears) -> bool:
    """Whether a tariff knows how to collect a debt; with one that it doesn't, nothing could be sold any more."""
    has_rule = debt.kind in tariff.debts or debt.percent is not None or debt.instalment is not None
    return tariff.collects_arrears and has_rule


def note_of(scope: Scope, reason: str) -> str:
    """Why, and by whom, as the books have it."""
    return f"{reason} ({scope.by})"
