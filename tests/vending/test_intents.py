"""Messages as they are kept while a module outside of the process is asked."""

import pytest

from tests.registry.town import new_id
from umbane.registry import EngineeringAction, Role
from umbane.vending import Buy, ChangeKey, ClaimFree, Engineer, Give, Order, Pay, SaleRequest, Staff
from umbane.vending.intents import decode_message, encode_message

STAFF = Staff("thandi", frozenset({Role.ENGINEER, Role.CASHIER}), (Staff("bheki", frozenset({Role.SUPERVISOR})),))


@pytest.mark.parametrize(
    "order",
    [
        Buy(money=5, currency="ZAR"),
        Buy(units=5),
        ClaimFree(),
        Pay(7),
        ChangeKey(),
        Engineer(EngineeringAction.CLEAR_TAMPER, 1, 2, 3),
        Give(EngineeringAction.FREE_ISSUE, 5, "Sturm “Ö”"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("staff", [None, STAFF], ids=["nobody", "staff"])
def test_there_and_back(order: Order, staff: Staff | None) -> None:
    """A message is read again as it was kept, whatever it asks for and whoever asks."""
    request = SaleRequest(new_id(), new_id(), "m 1", "0100 0000 018", order, staff)
    assert decode_message(encode_message(request)) == request
