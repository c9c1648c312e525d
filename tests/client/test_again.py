"""What a till may still do with a sale that was made: print it again, and take it back while nobody saw the digits."""

from uuid import UUID

import pytest

from tests.api.counter import Counter
from tests.client.test_client import till
from tests.vending.shop import proven
from umbane.client import ProblemError
from umbane.registry import change_policy


async def test_a_reprint(counter: Counter) -> None:
    """The same digits, and the same lines with how they came about."""
    sale = await till(counter, lambda client: client.buy("a", counter.meter, 20_000))
    again = await till(counter, lambda client: client.reprint(sale.id))
    assert (again.tokens, again.lines) == (sale.tokens, sale.lines)
    energy = next(it for it in again.lines if it.kind == "energy")
    assert (energy.base > 0, energy.rate is not None, energy.name != "") == (True, True, True)


async def test_no_such_sale(counter: Counter) -> None:
    """A sale that isn't there is told by its code."""
    with pytest.raises(ProblemError) as caught:
        await till(counter, lambda client: client.reprint(UUID(int=7)))
    assert (caught.value.status, caught.value.code) == (404, "unknown_sale")


async def test_too_late(counter: Counter) -> None:
    """A sale whose digits were shown stays."""
    await till(counter, lambda client: client.buy("a", counter.meter, 20_000))
    with pytest.raises(ProblemError) as caught:
        await till(counter, lambda client: client.reverse("a", "a slip"))
    assert (caught.value.status, caught.value.code) == (409, "already_released")
    await proven(counter.shop)


@pytest.mark.parametrize("faults", [(), ("unheard",), ("lost", "unheard", "garbled")])
async def test_taken_back(counter: Counter, faults: tuple[str, ...]) -> None:
    """A sale whose digits nobody saw is taken back, once, however often the line breaks."""
    await counter.shop.town.does(change_policy, {"sale": {"release": "on_confirmation"}})
    sale = await till(counter, lambda client: client.buy("a", counter.meter, 20_000))
    assert [it.digits for it in sale.tokens] == [None]
    back = await till(counter, lambda client: client.reverse("a", "a slip"), *faults)
    assert (back.id, [it.digits for it in back.tokens]) == (sale.id, [None])
    assert [(it.kind, it.released, it.reversed) for it in (sale, back)] == [("buy", False, False), ("buy", False, True)]
    with pytest.raises(ProblemError):
        await till(counter, lambda client: client.confirm("a"))
    await proven(counter.shop)
