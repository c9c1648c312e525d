"""Debts and rights to free units that somebody changes by hand."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.registry.town import NOW, TODAY, Town, new_id
from umbane.pricing import Arrears, StateError
from umbane.registry import (
    NotFoundError,
    RegistryInputError,
    TransitionError,
    add_debt,
    close_contract,
    contract,
    history,
    let_claim_free,
    remove_debt,
)

KIND = "outstanding"


async def put(town: Town, debt: Arrears, **other: Any) -> tuple[Arrears, ...]:  # noqa: ANN401 - an argument's own
    """Put a debt on the town's contract; all of its debts."""
    return (await town.does(add_debt, town.contract.id, debt, other.get("now", NOW), "agreed")).state.arrears


async def owed(town: Town) -> dict[str, int]:
    """What the town's contract owes."""
    return {it.kind: it.owed for it in (await town.reads(contract, town.contract.id)).state.arrears}


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


async def test_taken_back(town: Town) -> None:
    """A debt is taken back as far as it is owed; what is not owed any more is gone."""
    before = (await owed(town))[KIND]
    await put(town, Arrears("meter", 5_000, percent=20))
    await town.does(remove_debt, town.contract.id, "meter", 5_000, "a mistake")
    await town.does(remove_debt, town.contract.id, KIND, 1, "a mistake")
    assert await owed(town) == {KIND: before - 1}
    for kind, amount in ((KIND, before), ("meter", 1)):
        with pytest.raises(TransitionError, match="it was paid"):
            await town.does(remove_debt, town.contract.id, kind, amount, "a mistake")


async def test_a_closed_contract(town: Town) -> None:
    """Who left is charged nothing more; a mistake can still be put right."""
    await town.does(close_contract, town.contract.id, TODAY)
    with pytest.raises(TransitionError, match="closed"):
        await put(town, Arrears(KIND, 1))
    await town.does(remove_debt, town.contract.id, KIND, 1, "a mistake")


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
            await town.does(add_debt, contract_id, Arrears(KIND, 1), NOW, "x")
        with pytest.raises(NotFoundError, match="contract"):
            await town.does(remove_debt, contract_id, KIND, 1, "x")
        with pytest.raises(NotFoundError, match="contract"):
            await town.does(let_claim_free, contract_id, None, None, "x")
