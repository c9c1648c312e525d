"""Customers, the places they are supplied at, and contracts: who moves in, who moves out, who pays by which tariff."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

from msgspec import structs

from umbane.db import Connection
from umbane.ledger.debts import Origin
from umbane.pricing import CustomerState
from umbane.registry.changes import differences, record, record_addition
from umbane.registry.errors import StaleError, TransitionError
from umbane.registry.finder import refresh_finder, refresh_place
from umbane.registry.models import Contract, Customer, ServicePoint
from umbane.registry.owed import beginning, book_inheritance, book_owed, owed_by
from umbane.registry.roles import Scope
from umbane.registry.states import encode_state
from umbane.registry.store import (
    CONTRACTS,
    CUSTOMERS,
    SERVICE_POINTS,
    contract_from,
    customer_from,
    explained,
    insert,
    one,
    service_point_from,
)
from umbane.registry.utilities import utility

__all__ = [
    "add_customers",
    "add_service_points",
    "change_customer",
    "change_service_point",
    "change_state",
    "change_tariff",
    "change_tenant",
    "close_contract",
    "contract",
    "contract_by_account",
    "customer",
    "held_contract",
    "open_contracts",
    "service_point",
]

CUSTOMER: Final = "SELECT * FROM registry.customer WHERE utility_id = $1 AND id = $2"
SERVICE_POINT: Final = "SELECT * FROM registry.service_point WHERE utility_id = $1 AND id = $2"
CONTRACT: Final = "SELECT * FROM registry.contract WHERE utility_id = $1 AND id = $2"
BY_ACCOUNT: Final = "SELECT * FROM registry.contract WHERE utility_id = $1 AND account_no = $2"
LOCKED: Final = " FOR NO KEY UPDATE"
OCCUPY: Final = """
UPDATE registry.meter m SET contract_id = c.id
FROM unnest($2::uuid[]) AS new (id) JOIN registry.contract c ON c.utility_id = $1 AND c.id = new.id
WHERE m.utility_id = $1 AND c.closed IS NULL AND m.service_point_id = c.service_point_id AND m.contract_id IS NULL"""
VACATE: Final = """
UPDATE registry.meter SET contract_id = NULL WHERE utility_id = $1 AND service_point_id = $2 AND contract_id = $3"""
CLOSING: Final = "UPDATE registry.contract SET closed = $3 WHERE utility_id = $1 AND id = $2"
STATE: Final = """
UPDATE registry.contract SET state = $4, version = version + 1
WHERE utility_id = $1 AND id = $2 AND version = $3 RETURNING version"""
NEW_DETAILS: Final = """
UPDATE registry.customer SET name = $3, phone = $4, email = $5, id_number = $6, language = $7
WHERE utility_id = $1 AND id = $2"""
NEW_PLACE: Final = """
UPDATE registry.service_point SET address = $3, feeder = $4, transformer = $5, pole = $6, phase = $7
WHERE utility_id = $1 AND id = $2"""
PREMISES: Final = "debts follow the premises"
NEW_TARIFF: Final = "UPDATE registry.contract SET tariff_id = $3 WHERE utility_id = $1 AND id = $2"


async def customer(connection: Connection, utility_id: UUID, customer_id: UUID) -> Customer:
    """A customer; NotFoundError when the utility has none of this id."""
    return customer_from(await one(connection, "customer", CUSTOMER, utility_id, customer_id))


async def service_point(connection: Connection, utility_id: UUID, service_point_id: UUID) -> ServicePoint:
    """A service point; NotFoundError when the utility has none of this id."""
    return service_point_from(await one(connection, "service point", SERVICE_POINT, utility_id, service_point_id))


async def contract(connection: Connection, utility_id: UUID, contract_id: UUID) -> Contract:
    """A contract; NotFoundError when the utility has none of this id."""
    return contract_from(await one(connection, "contract", CONTRACT, utility_id, contract_id))


async def contract_by_account(connection: Connection, utility_id: UUID, account_no: str) -> Contract:
    """The contract with this account number; NotFoundError when the utility has none."""
    return contract_from(await one(connection, "account", BY_ACCOUNT, utility_id, account_no))


async def held_contract(tx: Connection, utility_id: UUID, contract_id: UUID) -> Contract:
    """A contract that nobody else changes until the transaction ends."""
    return contract_from(await one(tx, "contract", CONTRACT + LOCKED, utility_id, contract_id))


async def add_customers(tx: Connection, scope: Scope, customers: Sequence[Customer]) -> None:
    """Add customers.

    Raises:
        DuplicateError: an id is taken.
    """
    number = await record_addition(tx, scope, "customer.add", {"count": len(customers)})
    rows = [(it.id, it.name, it.phone, it.email, it.id_number, it.language) for it in customers]
    await insert(tx, CUSTOMERS, scope.utility_id, [*zip(*rows, strict=True)], number)
    await refresh_finder(tx, scope.utility_id, [it.id for it in customers])


async def add_service_points(tx: Connection, scope: Scope, points: Sequence[ServicePoint]) -> None:
    """Add service points.

    Raises:
        DuplicateError: an id is taken.
    """
    number = await record_addition(tx, scope, "service_point.add", {"count": len(points)})
    rows = [(it.id, it.address, it.feeder, it.transformer, it.pole, it.phase) for it in points]
    await insert(tx, SERVICE_POINTS, scope.utility_id, [*zip(*rows, strict=True)], number)


async def open_contracts(tx: Connection, scope: Scope, contracts: Sequence[Contract]) -> None:
    """Open contracts; meters that hang at a vacant place serve them from now on.

    What they owe is booked as taken over from elsewhere on their first day.

    Raises:
        DuplicateError: an account number is taken, or a place has an open contract.
        NotFoundError: there is no such customer, service point or tariff.
    """
    await _open(tx, scope, contracts)
    for opened, some in groupby(sorted(contracts, key=attrgetter("opened")), attrgetter("opened")):
        debts = [debt for it in some for debt in owed_by(it.id, it.state.arrears)]
        at = await beginning(tx, scope, opened)
        await book_owed(tx, scope, debts, Origin.TAKEN_OVER, at, "owed when the account was opened")


async def _open(tx: Connection, scope: Scope, contracts: Sequence[Contract]) -> None:
    """Add contracts."""
    number = await record_addition(tx, scope, "contract.open", {"count": len(contracts)})
    rows = [
        (
            *(it.id, it.customer_id, it.service_point_id, it.account_no, it.tariff_id),
            *(it.opened, it.closed, encode_state(it.state), it.version),
        )
        for it in contracts
    ]
    await insert(tx, CONTRACTS, scope.utility_id, [*zip(*rows, strict=True)], number)
    await tx.execute(OCCUPY, scope.utility_id, [it.id for it in contracts])
    await refresh_finder(tx, scope.utility_id, {it.customer_id for it in contracts})


async def close_contract(tx: Connection, scope: Scope, contract_id: UUID, on: date) -> None:
    """Close a contract with its last day; its place is vacant, and nothing is sold to its meters.

    Raises:
        NotFoundError: there is none.
        TransitionError: it is closed already, or was opened after that day.
    """
    old = await held_contract(tx, scope.utility_id, contract_id)
    if old.closed is not None or on < old.opened:
        state = f"is closed since {old.closed}" if old.closed else f"was opened on {old.opened}"
        raise TransitionError(f"contract {old.account_no} {state}: it can't be closed on {on}")
    await tx.execute(CLOSING, scope.utility_id, contract_id, on)
    await tx.execute(VACATE, scope.utility_id, old.service_point_id, contract_id)
    await record(tx, scope, "contract.close", [(contract_id, {"closed": [None, on]})])


async def change_tenant(tx: Connection, scope: Scope, leaving: UUID, entering: Contract) -> Contract:
    """Let another customer take a place over: blocks, charges and free units start again.

    Debts stay with the one who leaves, or follow the premises, as the policy says; what is connected stays either way.

    Args:
        tx: a transaction.
        scope: in whose house, and by whom.
        leaving: the contract that ends, on the day the new one is opened.
        entering: the new one, for the same place; its state is not looked at.

    Raises:
        NotFoundError, TransitionError, DuplicateError: as for closing and opening.
    """
    old = await held_contract(tx, scope.utility_id, leaving)
    if entering.service_point_id != old.service_point_id:
        raise TransitionError(f"contract {old.account_no} is for another place than {entering.account_no}")
    await close_contract(tx, scope, leaving, entering.opened)
    follows = (await utility(tx, scope.utility_id)).policy.tenant.debt == "premises"
    inherited = old.state.arrears if follows else ()
    new = replace(entering, state=CustomerState(arrears=inherited, connected_load=old.state.connected_load))
    await _open(tx, scope, [new])
    if debts := owed_by(leaving, inherited):
        await change_state(tx, scope, leaving, old.version, structs.replace(old.state, arrears=()), PREMISES)
        await book_inheritance(tx, scope, debts, new.id, new.opened, PREMISES)
    return new


async def change_state(  # noqa: PLR0913, PLR0917 - what, from which, to which, and why
    tx: Connection, scope: Scope, contract_id: UUID, version: int, state: CustomerState, reason: str
) -> None:
    """Change what the next price depends on by hand, such as a right to free units.

    What is owed is for the books too: `add_debt` puts a debt on an account.

    Raises:
        NotFoundError: there is no such contract.
        StaleError: it isn't of this version any more.
    """
    old = await held_contract(tx, scope.utility_id, contract_id)
    text = encode_state(state)
    if await tx.fetchval(STATE, scope.utility_id, contract_id, version, text) is None:
        raise StaleError(f"contract {old.account_no} is of version {old.version}, not {version}: load it again")
    details = {"state": [encode_state(old.state), text], "reason": reason}
    await record(tx, scope, "contract.state", [(contract_id, details)])


async def change_customer(tx: Connection, scope: Scope, new: Customer) -> None:
    """Give a customer other details.

    Raises:
        NotFoundError: there is none of this id.
    """
    old = customer_from(await one(tx, "customer", CUSTOMER + LOCKED, scope.utility_id, new.id))
    values = (new.name, new.phone, new.email, new.id_number, new.language)
    await tx.execute(NEW_DETAILS, scope.utility_id, new.id, *values)
    await record(tx, scope, "customer.change", [(new.id, differences(old, new))])
    await refresh_finder(tx, scope.utility_id, [new.id])


async def change_service_point(tx: Connection, scope: Scope, new: ServicePoint) -> None:
    """Give a service point another address or place in the network.

    Raises:
        NotFoundError: there is none of this id.
    """
    old = service_point_from(await one(tx, "service point", SERVICE_POINT + LOCKED, scope.utility_id, new.id))
    values = (new.address, new.feeder, new.transformer, new.pole, new.phase)
    await tx.execute(NEW_PLACE, scope.utility_id, new.id, *values)
    await record(tx, scope, "service_point.change", [(new.id, differences(old, new))])
    await refresh_place(tx, scope.utility_id, new.id)


async def change_tariff(tx: Connection, scope: Scope, contract_id: UUID, tariff_id: str) -> None:
    """Let a contract go by another tariff from the next purchase on.

    Raises:
        NotFoundError: there is no such contract, or no such tariff.
    """
    old = await held_contract(tx, scope.utility_id, contract_id)
    with explained():
        await tx.execute(NEW_TARIFF, scope.utility_id, contract_id, tariff_id)
    await record(tx, scope, "contract.tariff", [(contract_id, {"tariff": [old.tariff_id, tariff_id]})])
