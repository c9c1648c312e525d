"""Debts and rights to free units of accounts, changed by hand: together with others, and debts through the books."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.contracts import ContractOut, contract_out, edition_of_right
from umbane.api.managing.floats import currency_in
from umbane.api.managing.paging import Edition
from umbane.api.managing.writing import once, reason_of
from umbane.api.orders import money_from
from umbane.api.peoplewire import Justified
from umbane.api.rights import Right
from umbane.db import Connection
from umbane.errors import InputError
from umbane.ledger.debts import Origin
from umbane.pricing import Arrears
from umbane.registry import Act, Scope, StaleError, add_debt, let_claim_free, take_debt_back, texts
from umbane.registry.listing import CONTRACTS, hold

__all__ = ["OPERATIONS"]

Percentage = Annotated[str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$(?!\n)", description="of each purchase")]


class DebtIn(Justified, frozen=True, kw_only=True):
    """A debt that is put on an account."""

    kind: Annotated[str, Meta(min_length=1, max_length=30, description="as the rules of the tariff call it")]
    money: Annotated[int, Meta(ge=1, le=wire.LARGEST)] | wire.Decimal
    currency: wire.CurrencyCode | UnsetType = UNSET
    origin: Annotated[Origin, Meta(description="owed before, in other books; or a charge that is made once")]
    percent: Percentage | UnsetType = UNSET
    instalment: Annotated[int, Meta(ge=1, le=wire.LARGEST, description="minor units a period")] | UnsetType = UNSET


class DebtBackIn(Justified, frozen=True, kw_only=True):
    """A debt, or a part of it, that isn't owed after all."""

    money: Annotated[int, Meta(ge=1, le=wire.LARGEST)] | wire.Decimal | UnsetType = UNSET
    """How much of it; all that wasn't taken back yet if nothing is said."""
    currency: wire.CurrencyCode | UnsetType = UNSET


class FreeUnitsIn(Justified, frozen=True, kw_only=True):
    """From when to when an account has a right to the free units of its tariff; nothing for no right."""

    free_from: date | None
    free_until: date | None = None
    edition: Annotated[Edition, Meta(description="of the right, as the contract shows it")]


class BookedDebtOut(wire.Told, frozen=True):
    """An entry that changed what an account owes."""

    id: UUID
    at: datetime
    kind: str
    amount: Annotated[int, Meta(description="minor units; below zero when a debt was taken back")]
    reverses: Annotated[UUID | None, Meta(description="the debt that was taken back, or a part of it")]
    left: Annotated[int, Meta(description="minor units of the debt that may still be taken back, if they are owed")]
    contract: ContractOut


async def put_debt(desk: Desk, call: Call) -> Reply:
    """Put a debt on an account, in the books and on what its purchases pay."""
    body: DebtIn = call.body
    contract_id, reason, debt, now = call.id("contract_id"), reason_of(body.reason), debt_from(body), desk.now()

    async def work(tx: Connection, scope: Scope) -> BookedDebtOut:
        await currency_in(tx, scope, body.currency)
        id_, owing = await add_debt(tx, scope, contract_id, debt, body.origin, now, reason)
        return BookedDebtOut(id_, now, debt.kind, debt.owed, None, debt.owed, contract_out(owing))

    return await once(desk, call, BookedDebtOut, work, Act.DEBT)


async def take_back(desk: Desk, call: Call) -> Reply:
    """Take a debt back, or a part of it, if as much of it is still owed."""
    body: DebtBackIn = call.body
    debt_id, reason, now = call.id("debt_id"), reason_of(body.reason), desk.now()
    money = None if body.money is UNSET else money_above_0(body.money, body.currency)

    async def work(tx: Connection, scope: Scope) -> BookedDebtOut:
        await currency_in(tx, scope, body.currency)
        done = await take_debt_back(tx, scope, debt_id, now, reason, money)
        return BookedDebtOut(
            done.id, now, done.debt.kind, -done.debt.amount, debt_id, done.left, contract_out(done.contract)
        )

    return await once(desk, call, BookedDebtOut, work, Act.DEBT)


async def give_right(desk: Desk, call: Call) -> Reply:
    """Say from when to when an account has a right to free units."""
    body: FreeUnitsIn = call.body
    contract_id, reason = call.id("contract_id"), reason_of(body.reason)

    async def work(tx: Connection, scope: Scope) -> ContractOut:
        old = await hold(tx, scope.utility_id, CONTRACTS, contract_id)
        if old is not None and edition_of_right(old) != body.edition:
            raise StaleError("somebody changed this right since it was read")
        return contract_out(await let_claim_free(tx, scope, contract_id, body.free_from, body.free_until, reason))

    return await once(desk, call, ContractOut, work, Act.FREE_UNITS)


def debt_from(body: DebtIn) -> Arrears:
    """The debt that a body describes."""
    percent = Decimal(body.percent) if body.percent else None
    money = money_above_0(body.money, body.currency)
    return Arrears(texts.code("kind", body.kind), money, percent=percent, instalment=body.instalment or None)


def money_above_0(money: int | str, currency: str | UnsetType) -> int:
    """An amount of a debt in minor units.

    Raises:
        InputError: it is nothing.
    """
    amount = money_from(money, currency)
    if not amount:
        raise InputError("money", "nothing is no debt", "give an amount above 0")
    return amount


DEBT: Final = {201: BookedDebtOut, 200: BookedDebtOut}
RULES: Final = (404, 409, 422)

OPERATIONS: Final = (
    Operation("put_debt", "POST", "/v1/books/contracts/{contract_id}/debts", "Put a debt on an account", put_debt,
        DEBT, (Right.WRITE_DEBTS,), DebtIn, problems=RULES, keyed=True),
    Operation("take_debt_back", "POST", "/v1/books/debts/{debt_id}/reversal", "Take a debt back, or a part of it",
        take_back, DEBT, (Right.WRITE_DEBTS,), DebtBackIn, problems=RULES, keyed=True),
    Operation("let_claim_free", "POST", "/v1/registry/contracts/{contract_id}/free-units",
        "Give an account a right to free units, or end it", give_right, {201: ContractOut, 200: ContractOut},
        (Right.WRITE_REGISTRY,), FreeUnitsIn, problems=RULES, keyed=True),
)  # fmt: skip
