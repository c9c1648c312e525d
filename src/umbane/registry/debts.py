"""What people change by hand of what the next price depends on: a debt, a right to free units."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import structs

from umbane.db import Connection, new_ids
from umbane.ledger import Reversal, open_book
from umbane.ledger.debts import BookedDebt, Origin, booked_debt, take_part_back, taken_back
from umbane.pricing import Arrears, PricingError
from umbane.registry.customers import change_state, held_contract
from umbane.registry.errors import NotFoundError, RegistryInputError, TransitionError
from umbane.registry.models import Contract
from umbane.registry.owed import book_owed, is_collected, note_of
from umbane.registry.roles import Scope
from umbane.registry.rulebooks import Rulebooks

__all__ = ["TakenBack", "add_debt", "let_claim_free", "take_debt_back"]

REMEDY: Final = "name one of its rules, or give a percentage or instalment"


async def add_debt(  # noqa: PLR0913, PLR0917 - whose, which, from where, since when, and why
    tx: Connection, scope: Scope, contract_id: UUID, debt: Arrears, origin: Origin, now: datetime, reason: str
) -> tuple[UUID, Contract]:
    """Let a contract owe more, in the books too. A debt of the same kind grows; its arrangement stays.

    Returns:
        By what number the debt can be taken back, and the contract.

    Raises:
        NotFoundError: there is no such contract.
        RegistryInputError: the tariff of the contract can't collect such a debt.
        TransitionError: there is a debt of this kind with another arrangement, or the contract is closed.
    """
    old = await held_contract(tx, scope.utility_id, contract_id)
    if old.closed is not None:
        raise TransitionError(f"contract {old.account_no} is closed since {old.closed}")
    before = next((it for it in old.state.arrears if it.kind == debt.kind), None)
    grown = debt if before is None else _grown(old, before, debt)
    await _require_collected(tx, scope, old, grown, now)
    kept = tuple(grown if it is before else it for it in old.state.arrears)
    changed = await _changed(tx, scope, old, kept if before else (*kept, grown), reason)
    [id_] = await book_owed(tx, scope, [BookedDebt(contract_id, debt.kind, debt.owed)], origin, now, reason)
    return id_, changed


def _grown(old: Contract, before: Arrears, debt: Arrears) -> Arrears:
    """A debt that there was before, with more on it.

    Raises:
        TransitionError: more is to be put on it with another arrangement.
    """
    if _arrangement(debt) not in {(None, None), _arrangement(before)}:
        raise TransitionError(f"contract {old.account_no} has a debt {debt.kind} with another arrangement")
    return structs.replace(before, owed=before.owed + debt.owed)


def _arrangement(debt: Arrears) -> tuple[Decimal | None, int | None]:
    """What a debt has instead of the tariff's rule."""
    return None if debt.percent is None else Decimal(str(debt.percent)), debt.instalment


class TakenBack(NamedTuple):
    """What became of a debt of which something was taken back.

    Attributes:
        id: of the entry that did it.
        debt: what was taken back.
        left: minor units of the debt that may still be taken back.
        contract: that owes less.
    """

    id: UUID
    debt: BookedDebt
    left: int
    contract: Contract


async def take_debt_back(  # noqa: PLR0913, PLR0917 - which, how much, when, and why
    tx: Connection, scope: Scope, debt_id: UUID, now: datetime, reason: str, amount: int | None = None
) -> TakenBack:
    """Take a debt back that was put on a contract, or a part of it, if as much of its kind is still owed.

    Args:
        tx: a transaction.
        scope: whose debt it is, and by whom it is taken back.
        debt_id: by which it was put there.
        now: when.
        reason: why.
        amount: minor units, above 0; all that wasn't taken back yet if nothing is said.

    Raises:
        RegistryInputError: the amount is none.
        NotFoundError: there is no such debt.
        TransitionError: less than that is owed, or wasn't taken back yet.
    """
    if amount is not None and amount < 1:
        raise RegistryInputError("amount", f"{amount} is nothing to take back", "give an amount above 0")
    debt = await booked_debt(tx, scope.utility_id, debt_id)
    if debt is None:
        raise NotFoundError("debt", debt_id)
    old = await held_contract(tx, scope.utility_id, debt.contract_id)
    before = await taken_back(tx, scope.utility_id, debt_id)
    part = debt._replace(amount=_part(debt, before, amount))
    changed = await _changed(tx, scope, old, _less(old, part), reason)
    [id_], book, note = new_ids(1), await open_book(tx, scope.utility_id), note_of(scope, reason)
    if part == debt:
        await book.reverse([Reversal(id_, debt_id, now, note)])
    else:
        await take_part_back(tx, book, id_, debt_id, part.amount, now, note)
    return TakenBack(id_, part, debt.amount - before - part.amount, changed)


def _part(debt: BookedDebt, before: int, amount: int | None) -> int:
    """How much of a debt is to be taken back.

    Raises:
        TransitionError: less is left of it, or nothing.
    """
    left = debt.amount - before
    if not left:
        raise TransitionError("this debt was taken back already")
    if amount is not None and amount > left:
        raise TransitionError(f"{left} of this debt of {debt.amount} can be taken back, less than {amount}")
    return left if amount is None else amount


def _less(old: Contract, debt: BookedDebt) -> tuple[Arrears, ...]:
    """What a contract owes without a debt: the last of its kind is made less first.

    Raises:
        TransitionError: not as much of the kind is owed.
    """
    amount = debt.amount
    left: list[Arrears] = []
    for it in reversed(old.state.arrears):
        part = min(it.owed, amount) if it.kind == debt.kind else 0
        amount -= part
        left += [structs.replace(it, owed=it.owed - part)] * (it.owed > part)
    if amount:
        raise TransitionError(
            f"contract {old.account_no} owes {debt.amount - amount} of the kind {debt.kind}, less than {debt.amount}:"
            " it was paid, or somebody else owes it now"
        )
    return tuple(reversed(left))


async def let_claim_free(  # noqa: PLR0913, PLR0917 - who, from when to when, and why
    tx: Connection, scope: Scope, contract_id: UUID, since: date | None, until: date | None, reason: str
) -> Contract:
    """Give a contract a right to the free units of its tariff, or end it: with its first and last day.

    Raises:
        NotFoundError: there is no such contract.
        RegistryInputError: it would end before it begins, or end without a beginning.
    """
    if until is not None and (since is None or until < since):
        raise RegistryInputError("free_until", f"{until} is before the first day", "give a later day, or none")
    old = await held_contract(tx, scope.utility_id, contract_id)
    await change_state(
        tx, scope, old.id, old.version, structs.replace(old.state, free_from=since, free_until=until), reason
    )
    return await held_contract(tx, scope.utility_id, contract_id)


async def _changed(
    tx: Connection, scope: Scope, old: Contract, arrears: tuple[Arrears, ...], reason: str
) -> Contract:  # fmt: skip
    """A contract with other debts."""
    await change_state(tx, scope, old.id, old.version, structs.replace(old.state, arrears=arrears), reason)
    return await held_contract(tx, scope.utility_id, old.id)


async def _require_collected(tx: Connection, scope: Scope, old: Contract, debt: Arrears, now: datetime) -> None:
    """Refuse a debt with which nothing could be sold any more, because the tariff doesn't know how to collect it."""
    versions = (await Rulebooks().read(tx, scope.utility_id)).tariffs.get(old.tariff_id)
    try:
        tariff = versions.at(now) if versions else None
    except PricingError:
        tariff = None
    if tariff is None:
        raise RegistryInputError("kind", f"tariff {old.tariff_id} isn't in force", "activate a version of it")
    if not is_collected(tariff, debt):
        raise RegistryInputError("kind", f"tariff {tariff.id} doesn't collect such debts", REMEDY)
