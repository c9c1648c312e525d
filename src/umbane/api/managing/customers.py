"""Customers and the places they are supplied at."""

from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta

from umbane.api import wire
from umbane.api.desk import Call, Desk, Operation, Reply
from umbane.api.managing.paging import Edition, PageQuery, Text, one_page
from umbane.api.managing.writing import edition_of, held, once
from umbane.api.rights import Right
from umbane.db import Connection, new_ids
from umbane.registry import (
    Customer,
    Phase,
    Scope,
    ServicePoint,
    add_customers,
    add_service_points,
    change_customer,
    change_service_point,
    customer,
    service_point,
    texts,
)
from umbane.registry.listing import CUSTOMERS, SERVICE_POINTS

__all__ = ["OPERATIONS"]

Language = Annotated[str, Meta(max_length=40, description="BCP 47, such as zu")]


class CustomerIn(wire.Asked, frozen=True):
    """Somebody who pays."""

    name: Text
    phone: Text | None = None
    email: Text | None = None
    id_number: Text | None = None
    language: Language | None = None


class CustomerChange(CustomerIn, frozen=True, kw_only=True):
    """All of a customer's details as they are to be; what is left out is taken away."""

    edition: Edition


class CustomerOut(wire.Told, frozen=True):
    """A customer."""

    id: UUID
    name: str
    phone: str | None
    email: str | None
    id_number: str | None
    language: str | None
    edition: str


class CustomersPage(wire.Told, frozen=True):
    """A page of customers."""

    items: list[CustomerOut]
    next_cursor: str | None


class PlaceIn(wire.Asked, frozen=True):
    """A place that is supplied, and where in the network it hangs."""

    address: Text
    feeder: Text | None = None
    transformer: Text | None = None
    pole: Text | None = None
    phase: Literal["L1", "L2", "L3", "L123"] | None = None


class PlaceChange(PlaceIn, frozen=True, kw_only=True):
    """All that is known of a place as it is to be; what is left out is taken away."""

    edition: Edition


class PlaceOut(wire.Told, frozen=True):
    """A service point."""

    id: UUID
    address: str
    feeder: str | None
    transformer: str | None
    pole: str | None
    phase: str | None
    edition: str


class PlacesPage(wire.Told, frozen=True):
    """A page of service points."""

    items: list[PlaceOut]
    next_cursor: str | None


class PlacesQuery(PageQuery, frozen=True):
    """Which places?"""

    feeder: Text | None = None
    transformer: Text | None = None


# ----------------------------------------------------------------------------------------------------------- customers


async def customers(desk: Desk, call: Call) -> Reply:
    """A page of them."""
    found, following = await one_page(desk, call, CUSTOMERS)
    return Reply(CustomersPage([customer_out(it) for it in found], following))


async def one_customer(desk: Desk, call: Call) -> Reply:
    """One of them."""
    async with desk.database.reading() as connection:
        return Reply(customer_out(await customer(connection, call.who.utility_id, call.id("customer_id"))))


async def add_customer(desk: Desk, call: Call) -> Reply:
    """A new one."""
    new = customer_from(new_ids(1)[0], call.body)

    async def work(tx: Connection, scope: Scope) -> CustomerOut:
        await add_customers(tx, scope, [new])
        return customer_out(new)

    return await once(desk, call, CustomerOut, work)


async def alter_customer(desk: Desk, call: Call) -> Reply:
    """Other details."""
    new = customer_from(call.id("customer_id"), call.body)

    async def work(tx: Connection, scope: Scope) -> CustomerOut:
        await held(tx, scope, CUSTOMERS, new.id, call.body.edition)
        await change_customer(tx, scope, new)
        return customer_out(new)

    return await once(desk, call, CustomerOut, work)


def customer_from(id_: UUID, body: CustomerIn) -> Customer:
    """A customer that a body describes."""
    return Customer(
        id_,
        texts.clean("name", body.name),
        body.phone and texts.phone(body.phone),
        body.email and texts.email(body.email),
        texts.clean_or_none("id_number", body.id_number),
        body.language and texts.language(body.language),
    )


def customer_out(it: Customer) -> CustomerOut:
    """A customer as it is answered."""
    return CustomerOut(it.id, it.name, it.phone, it.email, it.id_number, it.language, edition_of(it))


# -------------------------------------------------------------------------------------------------------------- places


async def places(desk: Desk, call: Call) -> Reply:
    """A page of them."""
    where = {it: texts.clean_or_none(it, getattr(call.query, it)) for it in ("feeder", "transformer")}
    found, following = await one_page(desk, call, SERVICE_POINTS, **where)
    return Reply(PlacesPage([place_out(it) for it in found], following))


async def one_place(desk: Desk, call: Call) -> Reply:
    """One of them."""
    async with desk.database.reading() as connection:
        found = await service_point(connection, call.who.utility_id, call.id("service_point_id"))
    return Reply(place_out(found))


async def add_place(desk: Desk, call: Call) -> Reply:
    """A new one."""
    new = place_from(new_ids(1)[0], call.body)

    async def work(tx: Connection, scope: Scope) -> PlaceOut:
        await add_service_points(tx, scope, [new])
        return place_out(new)

    return await once(desk, call, PlaceOut, work)


async def alter_place(desk: Desk, call: Call) -> Reply:
    """Another address, or place in the network."""
    new = place_from(call.id("service_point_id"), call.body)

    async def work(tx: Connection, scope: Scope) -> PlaceOut:
        await held(tx, scope, SERVICE_POINTS, new.id, call.body.edition)
        await change_service_point(tx, scope, new)
        return place_out(new)

    return await once(desk, call, PlaceOut, work)


def place_from(id_: UUID, body: PlaceIn) -> ServicePoint:
    """A service point that a body describes."""
    return ServicePoint(
        id_,
        texts.clean("address", body.address),
        texts.clean_or_none("feeder", body.feeder),
        texts.clean_or_none("transformer", body.transformer),
        texts.clean_or_none("pole", body.pole),
        Phase(body.phase) if body.phase else None,
    )


def place_out(it: ServicePoint) -> PlaceOut:
    """A service point as it is answered."""
    return PlaceOut(it.id, it.address, it.feeder, it.transformer, it.pole, it.phase, edition_of(it))


READ, WRITE = (Right.READ_REGISTRY,), (Right.WRITE_REGISTRY,)
CUSTOMER: Final = {201: CustomerOut, 200: CustomerOut}
PLACE: Final = {201: PlaceOut, 200: PlaceOut}
ADDING, CHANGING = (409, 422), (404, 409, 422)

OPERATIONS: Final = (
    Operation("customers", "GET", "/v1/registry/customers", "All customers", customers, {200: CustomersPage}, READ,
        query=PageQuery, problems=(422,)),
    Operation("customer", "GET", "/v1/registry/customers/{customer_id}", "A customer", one_customer,
        {200: CustomerOut}, READ, problems=(404, 422)),
    Operation("add_customer", "POST", "/v1/registry/customers", "Add a customer", add_customer, CUSTOMER, WRITE,
        CustomerIn, problems=ADDING, keyed=True),
    Operation("change_customer", "PUT", "/v1/registry/customers/{customer_id}", "Change a customer's details",
        alter_customer, CUSTOMER, WRITE, CustomerChange, problems=CHANGING, keyed=True),
    Operation("places", "GET", "/v1/registry/service-points", "All service points", places, {200: PlacesPage}, READ,
        query=PlacesQuery, problems=(422,)),
    Operation("place", "GET", "/v1/registry/service-points/{service_point_id}", "A service point", one_place,
        {200: PlaceOut}, READ, problems=(404, 422)),
    Operation("add_place", "POST", "/v1/registry/service-points", "Add a service point", add_place, PLACE, WRITE,
        PlaceIn, problems=ADDING, keyed=True),
    Operation("change_place", "PUT", "/v1/registry/service-points/{service_point_id}", "Change a service point",
        alter_place, PLACE, WRITE, PlaceChange, problems=CHANGING, keyed=True),
)  # fmt: skip
