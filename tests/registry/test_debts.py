"""Debts and rights to free units that somebody changes by hand."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.registry.test_owed import booked
from tests.registry.town import NOW, TODAY, Town, new_id
from umbane.ledger import EntryError
from umbane.ledger.debts import Origin
from umbane.pricing import Arrears, StateError
from umbane.registry import (
    NotFoundError,
    RegistryInputError,
    TakenBack,
    TransitionError,
    add_debt,
    change_state,
    close_contract,
    contract,
    history,
    let_claim_free,
    take_debt_back,
)

KIND = "outstanding"


async def put(town: Town, debt: Arrears, **other: Any) -> UUID:  # noqa: ANN401 - an argument's own
    """Put a debt on the town's contract; its number."""
    number, changed = await town.does(add_debt, town.contract.id, debt, Origin.CHARGED, other.get("now", NOW), "agreed")
    assert {it.kind: it.owed for it in changed.state.arrears} == await owed(town)
    return number


async def owed(town: Town) -> dict[str, int]:
    """What the town's contract owes, which is what the books say."""
    state = (await town.reads(contract, town.contract.id)).state
    found = {it.kind: it.owed for it in state.arrears}
    assert found == await booked(town)
    return found


async def back(town: Town, debt_id: UUID, amount: int | None = None) -> TakenBack:
    """Take a debt back, or a part of it."""
    done: TakenBack = await town.does(take_debt_back, debt_id, NOW, "a mistake", amount)
    return done


async def test_a_debt(town: Town) -> None:
    """A debt of a kind that is there grows, one of another kind comes last, and the record says why."""
    before = (await owed(town))[KIND]
    await put(town, Arrears(KIND, 700))
    await put(town, Arrears("meter", 5_000, percent=20))
    assert await owed(town) == {KIND: before + 700, "meter": 5_000}
    assert (await town.reads(history, town.contract.id))[-1].details["reason"] == "agreed"
    await put(town, Arrears("meter", 1))
    await put(town, Arrears("meter", 1, percent=20))
    assert await owed(town) == {KIND: before + 700, "meter": 5_002}


async def test_another_arrangement(town: Town) -> None:
    """A debt that is there isn't given another arrangement by putting more on it."""
    await put(town, Arrears("meter", 5_000, percent=20))
    for other in (Arrears("meter", 1, percent=21), Arrears("meter", 1, instalment=5)):
        with pytest.raises(TransitionError, match="another arrangement"):
            await put(town, other)
    assert (await owed(town))["meter"] == 5_000


async def test_what_no_tariff_collects(town: Town) -> None:
    """A debt with which nothing could be sold any more is refused."""
    with pytest.raises(RegistryInputError, match="doesn't collect"):
        await put(town, Arrears("meter", 5_000))
    for moment in (NOW + timedelta(days=3650), NOW - timedelta(days=3650)):
        with pytest.raises(RegistryInputError, match="isn't in force"):
            await put(town, Arrears(KIND, 5_000), now=moment)


async def test_too_much(town: Town) -> None:
    """A debt beyond all bounds is refused, and nothing is changed."""
    before = await owed(town)
    with pytest.raises(StateError):
        await put(town, Arrears(KIND, 10**15))
    assert await owed(town) == before


async def test_nothing_is_no_debt(town: Town) -> None:
    """Nothing is neither put on an account nor booked."""
    before = await owed(town)
    with pytest.raises(EntryError):
        await put(town, Arrears(KIND, 0))
    assert await owed(town) == before


async def test_taken_back(town: Town) -> None:
    """A debt is taken back by its number, as a whole and once; what is not owed any more is gone."""
    before = (await owed(town))[KIND]
    meter, more = await put(town, Arrears("meter", 5_000, percent=20)), await put(town, Arrears(KIND, 700))
    await back(town, meter)
    assert await owed(town) == {KIND: before + 700}
    await back(town, more)
    assert await owed(town) == {KIND: before}
    for number, error in ((meter, TransitionError), (more, TransitionError), (new_id(), NotFoundError)):
        with pytest.raises(error):
            await back(town, number)
    assert await owed(town) == {KIND: before}


async def test_a_part(town: Town) -> None:
    """A debt is taken back in parts until nothing is left of it, and the rest of it at once."""
    before = (await owed(town))[KIND]
    number = await put(town, Arrears(KIND, 5_000))
    done = await back(town, number, 1_200)
    assert (done.debt.amount, done.left) == (1_200, 3_800)
    assert await owed(town) == {KIND: before + 3_800}
    for amount in (3_801, 10**15):
        with pytest.raises(TransitionError, match=f"3800 of this debt of 5000 can be taken back, less than {amount}"):
            await back(town, number, amount)
    assert await owed(town) == {KIND: before + 3_800}
    done = await back(town, number)
    assert (done.debt.amount, done.left) == (3_800, 0)
    for rest in (None, 1):
        with pytest.raises(TransitionError, match="was taken back already"):
            await back(town, number, rest)
    with pytest.raises(NotFoundError):
        await back(town, done.id)
    assert await owed(town) == {KIND: before}


async def test_no_more_than_this_debt(town: Town) -> None:
    """What others put on the same account isn't taken back with a debt, however much is owed of its kind."""
    await put(town, Arrears(KIND, 5_000))
    number = await put(town, Arrears(KIND, 10))
    with pytest.raises(TransitionError, match="10 of this debt of 10 can be taken back, less than 11"):
        await back(town, number, 11)


@pytest.mark.parametrize("amount", [0, -1])
async def test_no_part(town: Town, amount: int) -> None:
    """Nothing, or less, is no part of a debt."""
    number, before = await put(town, Arrears(KIND, 10)), await owed(town)
    with pytest.raises(RegistryInputError, match="amount"):
        await back(town, number, amount)
    assert await owed(town) == before


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(st.integers(1, 60), min_size=1, max_size=6))
async def test_any_parts(town: Town, parts: list[int]) -> None:
    """Whatever is taken back in which parts, it is never more than was put there, and the books say what is owed."""
    before = (await owed(town))[KIND]
    number, left = await put(town, Arrears(KIND, 100)), 100
    for part in parts:
        if part <= left:
            left -= part
            assert (await back(town, number, part)).left == left
        else:
            with pytest.raises(TransitionError):
                await back(town, number, part)
    assert await owed(town) == {KIND: before + left}


async def test_at_the_same_time(town: Town) -> None:
    """Of two who take back more than half of a debt at the same moment, one is told that too little is left."""
    number, before = await put(town, Arrears(KIND, 100)), (await owed(town))[KIND]
    ends = await asyncio.gather(*(back(town, number, 60) for _ in range(2)), return_exceptions=True)
    assert sorted(type(it).__name__ for it in ends) == ["TakenBack", "TransitionError"]
    assert await owed(town) == {KIND: before - 60}


async def test_a_part_of_what_was_paid(town: Town) -> None:
    """Of a debt of which a part was paid, no more than the rest is taken back."""
    number = await put(town, Arrears("meter", 5_000, percent=20))
    await town.does(let_claim_free, town.contract.id, None, None, "x")
    state = (await town.reads(contract, town.contract.id)).state
    paid = structs.replace(
        state, arrears=tuple(structs.replace(it, owed=100) if it.kind == "meter" else it for it in state.arrears)
    )
    await town.does(change_state, town.contract.id, 2, paid, "as a purchase would")
    with pytest.raises(TransitionError, match="owes 100 of the kind meter, less than 101"):
        await back(town, number, 101)
    assert (await back(town, number, 100)).left == 4_900


async def test_paid_meanwhile(town: Town) -> None:
    """A debt of which a part was paid isn't taken back."""
    number = await put(town, Arrears("meter", 5_000, percent=20))
    state = (await town.reads(contract, town.contract.id)).state
    paid = structs.replace(
        state, arrears=tuple(structs.replace(it, owed=it.owed - (it.kind == "meter")) for it in state.arrears)
    )
    await town.does(change_state, town.contract.id, 1, paid, "as a purchase would")
    with pytest.raises(TransitionError, match="owes 4999 of the kind meter, less than 5000: it was paid"):
        await back(town, number)


async def test_two_of_a_kind(town: Town) -> None:
    """Of several debts of one kind that a file brought, the last is made less first."""
    number = await put(town, Arrears(KIND, 700))
    arrears = (Arrears(KIND, 85_100), Arrears("other", 5, percent=1), Arrears(KIND, 600, percent=2))
    await town.does(change_state, town.contract.id, 1, structs.replace(town.contract.state, arrears=arrears), "split")
    await back(town, number)
    state = (await town.reads(contract, town.contract.id)).state
    assert state.arrears == (Arrears(KIND, 85_000), Arrears("other", 5, percent="1"))


async def test_a_closed_contract(town: Town) -> None:
    """Who left is charged nothing more; a mistake can still be put right."""
    number = await put(town, Arrears(KIND, 1))
    await town.does(close_contract, town.contract.id, TODAY)
    with pytest.raises(TransitionError, match="closed"):
        await put(town, Arrears(KIND, 1))
    await back(town, number)


async def test_of_another_utility(town: Town, other: Town) -> None:
    """A debt isn't taken back with the id of another utility."""
    number, before = await put(town, Arrears(KIND, 700)), await owed(town)
    with pytest.raises(NotFoundError, match="debt"):
        await back(other, number)
    assert await owed(town) == before


async def test_a_right(town: Town) -> None:
    """A right to free units is given with its days, and ended."""
    until = date(2026, 12, 31)
    for since, last in ((TODAY, until), (TODAY, None), (None, None)):
        state = (await town.does(let_claim_free, town.contract.id, since, last, "indigent")).state
        assert (state.free_from, state.free_until) == (since, last)


@pytest.mark.parametrize(("since", "until"), [(None, TODAY), (TODAY, TODAY - timedelta(days=1))])
async def test_a_right_that_is_none(town: Town, since: date | None, until: date) -> None:
    """A right that ends before it begins is refused."""
    with pytest.raises(RegistryInputError, match="free_until"):
        await town.does(let_claim_free, town.contract.id, since, until, "indigent")


async def test_nobodys_contract(town: Town, other: Town) -> None:
    """What the utility doesn't have isn't changed."""
    for contract_id in (new_id(), other.contract.id):
        with pytest.raises(NotFoundError, match="contract"):
            await town.does(add_debt, contract_id, Arrears(KIND, 1), Origin.CHARGED, NOW, "x")
        with pytest.raises(NotFoundError, match="contract"):
            await town.does(let_claim_free, contract_id, None, None, "x")
