"""Who moves in, who moves out, who pays by which tariff."""

from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
from msgspec import structs

from tests.registry.test_tariffs import OPEN_ENDED
from tests.registry.town import TARIFF, TODAY, Town, new_id
from umbane.pricing import Arrears, CustomerState
from umbane.registry import (
    Contract,
    Customer,
    DuplicateError,
    MeterState,
    NotFoundError,
    Phase,
    ServicePoint,
    StaleError,
    TransitionError,
    add_customers,
    add_service_points,
    add_tariff_version,
    change_customer,
    change_policy,
    change_service_point,
    change_state,
    change_tariff,
    change_tenant,
    close_contract,
    contract,
    contract_by_account,
    customer,
    find,
    history,
    meter,
    open_contracts,
    service_point,
)

LERATO = Customer(new_id(), "Lerato Dube")


def entering(town: Town, **fields: object) -> Contract:
    """A contract for the town's place with its next tenant."""
    new = Contract(new_id(), LERATO.id, town.place.id, "700-9", TARIFF, TODAY)
    return replace(new, **fields)  # type: ignore[arg-type] # checked by Contract itself


async def test_there_and_back(town: Town) -> None:
    """A customer, a service point and a contract come back as they were added."""
    assert await town.reads(customer, town.customer.id) == town.customer
    assert await town.reads(service_point, town.place.id) == town.place
    assert await town.reads(contract, town.contract.id) == town.contract
    assert await town.reads(contract_by_account, "700-1") == town.contract


async def test_everything_is_kept(town: Town) -> None:
    """Every field of a customer and of a place comes back, also where nothing is known."""
    full = Customer(new_id(), "Ama Mensah", "0241234567", "ama@example.org", "GHA-1", "en")
    places = [ServicePoint(new_id(), "1 High St", "F", "T", "P", Phase.L123), ServicePoint(new_id(), "2 High St")]
    await town.does(add_customers, [full, LERATO])
    await town.does(add_service_points, places)
    assert [await town.reads(customer, it.id) for it in (full, LERATO)] == [full, LERATO]
    assert [await town.reads(service_point, it.id) for it in places] == places


async def test_not_there(town: Town, other: Town) -> None:
    """What isn't there, or is another utility's, is not found."""
    for verb, theirs in (
        (customer, other.customer.id),
        (service_point, other.place.id),
        (contract, other.contract.id),
        (contract_by_account, other.contract.account_no),
    ):
        with pytest.raises(NotFoundError):
            await town.reads(verb, theirs)
        assert await other.reads(verb, theirs)


async def test_ids_are_taken_once(town: Town) -> None:
    """A customer, a place and a contract are added once."""
    for verb, it in ((add_customers, town.customer), (add_service_points, town.place)):
        with pytest.raises(DuplicateError):
            await town.does(verb, [it])


async def test_account_numbers(town: Town, other: Town) -> None:
    """An account number is taken once in a utility; another utility may have the same."""
    free = ServicePoint(new_id(), "2 High St")
    again = Contract(new_id(), town.customer.id, free.id, "700-1", TARIFF, TODAY)
    await town.does(add_service_points, [free])
    with pytest.raises(DuplicateError, match="account: there is one already: 700-1"):
        await town.does(open_contracts, [again])
    await other.does(add_service_points, [free])
    await other.does(open_contracts, [replace(again, customer_id=other.customer.id)])
    assert (await other.reads(contract_by_account, "700-1")).id == again.id


async def test_one_open_contract_a_place(town: Town) -> None:
    """A place has one open contract at a time."""
    await town.does(add_customers, [LERATO])
    with pytest.raises(DuplicateError, match="service point"):
        await town.does(open_contracts, [entering(town)])


@pytest.mark.parametrize("wrong", ["customer_id", "service_point_id", "tariff_id"])
async def test_a_contract_with_nobody(town: Town, other: Town, wrong: str) -> None:
    """A contract is opened only with a customer, for a place and by a tariff of the same utility."""
    await other.does(add_tariff_version, OPEN_ENDED)
    theirs = {"customer_id": other.customer.id, "service_point_id": other.place.id, "tariff_id": "open-ended"}
    await town.does(close_contract, town.contract.id, TODAY)
    good = entering(town, customer_id=town.customer.id)
    with pytest.raises(NotFoundError):
        await town.does(open_contracts, [replace(good, **{wrong: theirs[wrong]})])  # type: ignore[arg-type] # one of the three
    await town.does(open_contracts, [good])


async def test_moving_out(town: Town) -> None:
    """A contract is closed with its last day, keeps its state, and its meter serves nobody."""
    await town.does(close_contract, town.contract.id, TODAY)
    assert await town.reads(contract, town.contract.id) == replace(town.contract, closed=TODAY)
    left = await town.reads(meter, town.meter.id)
    assert (left.state, left.contract_id, left.service_point_id) == (MeterState.INSTALLED, None, town.place.id)


async def test_what_cannot_be_closed(town: Town) -> None:
    """A contract is closed once, and not before it was opened."""
    with pytest.raises(TransitionError, match="was opened on"):
        await town.does(close_contract, town.contract.id, date(2025, 12, 31))
    await town.does(close_contract, town.contract.id, TODAY)
    with pytest.raises(TransitionError, match="is closed since"):
        await town.does(close_contract, town.contract.id, TODAY)


async def test_moving_in(town: Town) -> None:
    """A contract for a vacant place takes the meter that hangs there."""
    await town.does(add_customers, [LERATO])
    await town.does(close_contract, town.contract.id, TODAY)
    new = entering(town)
    await town.does(open_contracts, [new])
    assert (await town.reads(meter, town.meter.id)).contract_id == new.id


async def test_an_old_contract(town: Town) -> None:
    """A contract that was closed before it is registered takes no meter."""
    await town.does(add_customers, [LERATO])
    await town.does(close_contract, town.contract.id, TODAY)
    await town.does(open_contracts, [entering(town, closed=TODAY)])
    assert (await town.reads(meter, town.meter.id)).contract_id is None


@pytest.mark.parametrize("debt", ["person", "premises"])
async def test_a_new_tenant(town: Town, debt: str) -> None:
    """Blocks and charges start again; debts stay with the person or the premises, in one place only; the load stays."""
    await town.does(change_policy, {"tenant": {"debt": debt}})
    await town.does(add_customers, [LERATO])
    used = structs.replace(town.contract.state, purchased=584, spent=20_000, charged_on=TODAY, free_from=TODAY)
    await town.does(change_state, town.contract.id, 0, used, "a test")
    new = await town.does(change_tenant, town.contract.id, entering(town, state=CustomerState(purchased=7)))
    old = await town.reads(contract, town.contract.id)
    debts = used.arrears
    assert (old.closed, old.customer_id) == (TODAY, town.customer.id)
    assert (old.state.arrears, new.state.arrears) == ((debts, ()) if debt == "person" else ((), debts))
    assert new.state == CustomerState(arrears=new.state.arrears, connected_load=5_000)
    assert await town.reads(contract, new.id) == new
    assert (await town.reads(meter, town.meter.id)).contract_id == new.id


async def test_a_tenant_of_another_place(town: Town) -> None:
    """A tenant can't take over a place by a contract for another one, and then nothing changes."""
    elsewhere = ServicePoint(new_id(), "2 High St")
    await town.does(add_customers, [LERATO])
    await town.does(add_service_points, [elsewhere])
    with pytest.raises(TransitionError, match="another place"):
        await town.does(change_tenant, town.contract.id, entering(town, service_point_id=elsewhere.id))
    assert (await town.reads(contract, town.contract.id)).closed is None


async def test_a_tenant_who_cannot_enter(town: Town) -> None:
    """When the new contract can't be opened, the old one isn't closed."""
    with pytest.raises(NotFoundError):
        await town.does(change_tenant, town.contract.id, entering(town))
    assert (await town.reads(contract, town.contract.id)).closed is None


async def test_a_debt_agreed_on(town: Town) -> None:
    """A state that is changed by hand has a next version, and what it was is written down with the reason."""
    state = structs.replace(town.contract.state, arrears=(Arrears("outstanding", 50_000, percent="20"),))
    await town.does(change_state, town.contract.id, 0, state, "arrangement of 12 March")
    assert await town.reads(contract, town.contract.id) == replace(town.contract, state=state, version=1)
    [change] = [it for it in await town.reads(history, town.contract.id) if it.action == "contract.state"]
    assert "85000" in change.details["state"][0]
    assert "50000" in change.details["state"][1]
    assert change.details["reason"] == "arrangement of 12 March"


async def test_a_stale_state(town: Town) -> None:
    """A state that was changed meanwhile is not overwritten."""
    await town.does(change_state, town.contract.id, 0, CustomerState(), "first")
    with pytest.raises(StaleError, match="of version 1, not 0"):
        await town.does(change_state, town.contract.id, 0, CustomerState(purchased=1), "second")
    assert (await town.reads(contract, town.contract.id)).state == CustomerState()


async def test_another_name(town: Town) -> None:
    """A customer with another name is found by it and no longer by the old one, and it is written down what changed."""
    new = replace(town.customer, name="Thandi Nkosi", phone=None)
    await town.does(change_customer, new)
    assert await town.reads(customer, new.id) == new
    assert [it.name for it in (await town.reads(find, "nkosi")).hits] == ["Thandi Nkosi"]
    assert (await town.reads(find, "mokoena")).hits == ()
    [*_, change] = await town.reads(history, new.id)
    assert change.details == {"name": ["Thandi Mokoena", "Thandi Nkosi"], "phone": ["+27821234561", None]}


async def test_another_address(town: Town) -> None:
    """A place with another address is found by it, and so are those who lived there before."""
    new = replace(town.place, address="7 Harbour Road", phase=Phase.L2)
    await town.does(close_contract, town.contract.id, TODAY)
    await town.does(change_service_point, new)
    assert await town.reads(service_point, new.id) == new
    assert [it.account_no for it in (await town.reads(find, "harbour 7")).hits] == ["700-1"]
    assert (await town.reads(find, "church")).hits == ()
    [*_, change] = await town.reads(history, new.id)
    assert set(change.details) == {"address", "phase"}


async def test_another_tariff(town: Town) -> None:
    """A contract goes by another tariff that the utility has, and by no other."""
    await town.does(add_tariff_version, OPEN_ENDED)
    await town.does(change_tariff, town.contract.id, "open-ended")
    assert (await town.reads(contract, town.contract.id)).tariff_id == "open-ended"
    with pytest.raises(NotFoundError, match="tariff nothing"):
        await town.does(change_tariff, town.contract.id, "nothing")


async def test_nobody_changes(town: Town) -> None:
    """What isn't there can't be changed."""
    nobody = new_id()
    for verb, arguments in (
        (change_customer, (replace(town.customer, id=nobody),)),
        (change_service_point, (replace(town.place, id=nobody),)),
        (change_tariff, (nobody, TARIFF)),
        (change_state, (nobody, 0, CustomerState(), "x")),
        (close_contract, (nobody, TODAY)),
        (change_tenant, (nobody, entering(town))),
    ):
        with pytest.raises(NotFoundError):
            await town.does(verb, *arguments)


async def test_dates_in_the_database(town: Town) -> None:
    """The database keeps no contract that ends before it began, whoever writes it."""
    sql = "UPDATE registry.contract SET closed = $1"
    with pytest.raises(asyncpg.CheckViolationError):
        await town.database.run(lambda tx: tx.execute(sql, town.contract.opened - timedelta(days=1)))
