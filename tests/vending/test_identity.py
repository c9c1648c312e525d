"""Messages are known again for ever, also by a later version."""

from uuid import UUID

import pytest

from umbane.registry import EngineeringAction
from umbane.vending import Buy, ChangeKey, ClaimFree, Engineer, Give, Order, Pay, SaleRequest
from umbane.vending.identity import fingerprint, request_id

HOUSE, TILL = UUID(int=1), UUID(int=2)
PAN = "600727000000000009"
POWER = EngineeringAction.SET_MAXIMUM_POWER_LIMIT
KNOWN: list[tuple[Order, str]] = [
    (Buy(money=20_000), "16296fa8505b9b1de485c039d8b07e82"),
    (Buy(units=100, currency="ZAR"), "fd60aceda35076f13b94cd7a0c339611"),
    (ClaimFree(), "e288e45a5ceccfdf949f320453493cb7"),
    (Pay(100), "9cd3c9c7a96ff409c23ed1c3b9397665"),
    (ChangeKey(), "0e11654e3eedf9678eb20d8cf6c1eb09"),
    (Engineer(POWER, 5_000), "6d1240004c138327bc48932db3ea4912"),
    (Give(EngineeringAction.FREE_ISSUE, 40, "storm"), "c36b03f7ee6e7e89cbf0e2896f2cde57"),
]


def request(order: Order, meter: str = PAN) -> SaleRequest:
    """A till's request."""
    return SaleRequest(HOUSE, TILL, "till-7-000123", meter, order)


@pytest.mark.parametrize(("order", "known"), KNOWN, ids=[type(it).__name__ for it, _ in KNOWN])
def test_what_was_asked(order: Order, known: str) -> None:
    """A message has the fingerprint that it had when it first came: otherwise a repetition would be a conflict."""
    assert fingerprint(request(order), PAN).hex() == known


def test_who_asked() -> None:
    """The module is asked under the ids under which it was asked first: otherwise it would make other tokens."""
    assert [str(request_id(request(ClaimFree()), *it)) for it in ((0, 0), (0, 1), (1, 0))] == [
        "2f7ffc1c-8880-8213-9239-3d0a7a9ba354",
        "bb5ee875-c271-8b17-8435-33af1d621ebe",
        "98d49c00-ecb0-8a27-9341-cfec6ee19b32",
    ]


def test_what_tells_messages_apart() -> None:
    """Every difference of orders or meters makes another fingerprint, the way of writing a number none."""
    orders: list[Order] = [
        *(it for it, _ in KNOWN),
        Buy(money=20_001),
        Buy(units=20_000),
        Pay(20_000),
        Buy(money=10**5000),
    ]
    found = {fingerprint(request(it), PAN) for it in orders} | {fingerprint(request(Buy(money=20_000)), "other")}
    assert len(found) == len(orders) + 1
    assert fingerprint(request(ClaimFree(), "0000 0000 009"), PAN) == fingerprint(request(ClaimFree()), PAN)
