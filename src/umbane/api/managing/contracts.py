"""Contracts: opened, closed, taken over by another customer, given another tariff."""

from datetime import date
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import PageQuery, Text, one_page
from umbane.api.managing.writing import DIGITS, once
from umbane.api.rights import Right
from umbane.db import Connection, new_ids
from umbane.pricing import CustomerState
from umbane.registry import (
    Contract,
    Scope,
    change_tariff,
    change_tenant,
    close_contract,
    contract,
    open_contracts,
    texts,
)
from umbane.registry.listing import CONTRACTS

__all__ = ["OPERATIONS", "ContractOut", "contract_out", "edition_of_right"]

Account = Annotated[str, Meta(min_length=1, max_length=40, description="the utility's own number")]
TariffId = Annotated[str, Meta(min_length=1, max_length=100, description="of one that the utility has")]
Watts = Annotated[int, Meta(ge=0, le=10**9)]


class TenantIn(wire.Asked, frozen=True):
    """Who pays, by which tariff, from when on."""

    customer_id: UUID
    account_no: Account
    tariff: TariffId
    opened: Annotated[date, Meta(description="the first day")]


class ContractIn(TenantIn, frozen=True, kw_only=True):
    """Who pays for what is used at a place."""

    service_point_id: UUID
    connected_load: Watts | None = None


class ClosingIn(wire.Asked, frozen=True):
    """When a contract ends."""

    on: Annotated[date, Meta(description="the last day")]


class ContractTariffIn(wire.Asked, frozen=True):
    """By which tariff from the next purchase on."""

    tariff: TariffId


class DebtOut(wire.Told, frozen=True):
    """Something that is owed."""

    kind: str
    amount: Annotated[int, Meta(description="minor units")]


class FreeRightOut(wire.Told, frozen=True):
    """From when to when an account has a right to the free units of its tariff; null for never, and for no end."""

    free_from: date | None
    free_until: date | None
    edition: str


class ContractOut(wire.Told, frozen=True):
    """A contract."""

    id: UUID
    customer_id: UUID
    service_point_id: UUID
    account_no: str
    tariff: str
    opened: date
    closed: date | None
    debts: list[DebtOut]
    free: FreeRightOut
    version: Annotated[int, Meta(description="how often what the next price depends on has changed")]


class ContractsPage(wire.Told, frozen=True):
    """A page of contracts."""

    items: list[ContractOut]
    next_cursor: str | None


class ContractsQuery(PageQuery, frozen=True):
    """Which contracts?"""

    customer_id: UUID | None = None
    service_point_id: UUID | None = None
    account_no: Text | None = None


async def contracts(desk: Desk, call: Call) -> Reply:
    """A page of them."""
    it: ContractsQuery = call.query
    account = texts.clean_or_none("account_no", it.account_no)
    where = {"customer_id": it.customer_id, "service_point_id": it.service_point_id}
    found, following = await one_page(desk, call, CONTRACTS, account_no=account, **where)
    return Reply(ContractsPage([contract_out(it) for it in found], following))


async def one_contract(desk: Desk, call: Call) -> Reply:
    """One of them."""
    async with desk.database.reading() as connection:
        return Reply(contract_out(await contract(connection, call.who.utility_id, call.id("contract_id"))))


async def open_one(desk: Desk, call: Call) -> Reply:
    """A new one."""
    body: ContractIn = call.body
    new = contract_from(body, body.service_point_id, CustomerState(connected_load=body.connected_load))

    async def work(tx: Connection, scope: Scope) -> ContractOut:
        await open_contracts(tx, scope, [new])
        return contract_out(new)

    return await once(desk, call, ContractOut, work)


async def close_one(desk: Desk, call: Call) -> Reply:
    """Nobody pays there any more."""
    contract_id = call.id("contract_id")

    async def work(tx: Connection, scope: Scope) -> ContractOut:
        await close_contract(tx, scope, contract_id, call.body.on)
        return contract_out(await contract(tx, scope.utility_id, contract_id))

    return await once(desk, call, ContractOut, work)


async def other_tenant(desk: Desk, call: Call) -> Reply:
    """Another customer takes the place over."""
    leaving = call.id("contract_id")

    async def work(tx: Connection, scope: Scope) -> ContractOut:
        place = (await contract(tx, scope.utility_id, leaving)).service_point_id
        return contract_out(await change_tenant(tx, scope, leaving, contract_from(call.body, place, CustomerState())))

    return await once(desk, call, ContractOut, work)


async def other_tariff(desk: Desk, call: Call) -> Reply:
    """Another tariff from the next purchase on."""
    contract_id = call.id("contract_id")

    async def work(tx: Connection, scope: Scope) -> ContractOut:
        await change_tariff(tx, scope, contract_id, texts.clean("tariff", call.body.tariff))
        return contract_out(await contract(tx, scope.utility_id, contract_id))

    return await once(desk, call, ContractOut, work)


def contract_from(body: TenantIn, place: UUID, state: CustomerState) -> Contract:
    """A contract that a body describes."""
    account, tariff = texts.account(body.account_no), texts.clean("tariff", body.tariff)
    return Contract(new_ids(1)[0], body.customer_id, place, account, tariff, body.opened, state=state)


def contract_out(it: Contract) -> ContractOut:
    """A contract as it is answered."""
    debts = [DebtOut(debt.kind, debt.owed) for debt in it.state.arrears]
    free = FreeRightOut(it.state.free_from, it.state.free_until, edition_of_right(it))
    return ContractOut(
        it.id, it.customer_id, it.service_point_id, it.account_no, it.tariff_id, it.opened, it.closed, debts, free,
        it.version,
    )  # fmt: skip


def edition_of_right(it: Contract) -> str:
    """What tells a right to free units from the same right after a change; sales don't change it."""
    return sha256(repr((it.state.free_from, it.state.free_until)).encode()).hexdigest()[:DIGITS]


READ, WRITE = (Right.READ_REGISTRY,), (Right.WRITE_REGISTRY,)
DONE: Final = {201: ContractOut, 200: ContractOut}
RULES: Final = (404, 409, 422)
ONE: Final = "/v1/registry/contracts/{contract_id}"

OPERATIONS: Final = (
    Operation("contracts", "GET", "/v1/registry/contracts", "All contracts", contracts, {200: ContractsPage}, READ,
        query=ContractsQuery, problems=(422,)),
    Operation("contract", "GET", ONE, "A contract", one_contract, {200: ContractOut}, READ, problems=(404, 422)),
    Operation("open_contract", "POST", "/v1/registry/contracts", "Open a contract", open_one, DONE, WRITE, ContractIn,
        problems=RULES, keyed=True),
    Operation("close_contract", "POST", ONE + "/closing", "Close a contract with its last day", close_one, DONE, WRITE,
        ClosingIn, problems=RULES, keyed=True),
    Operation("change_tenant", "POST", ONE + "/tenant", "Let another customer take the place over", other_tenant, DONE,
        WRITE, TenantIn, problems=RULES, keyed=True),
    Operation("change_contract_tariff", "POST", ONE + "/tariff", "Go by another tariff", other_tariff, DONE, WRITE,
        ContractTariffIn, problems=RULES, keyed=True),
)  # fmt: skip
