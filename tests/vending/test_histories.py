"""Random histories, held against a model of the engine that fits on a page."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.town import TSHWANE, build
from tests.vending.laboratory import LaboratoryModule, LostReplyError
from tests.vending.shop import Shop, open_shop, proven
from umbane.db import Database
from umbane.pricing import BelowMinimum, CustomerState, TenderRefused, load_tariff_text, quote
from umbane.vending import Answer, Buy, Code, Pay, Refused, Sold

FLOAT = 150_000
NUMBERS = count(1)
TARIFF = load_tariff_text(TSHWANE)


@dataclass
class Model:
    """What an engine is to answer, in memory: prices, a float, messages, and TIDs that grow."""

    state: CustomerState
    left: int = FLOAT
    outcomes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    minute: int = -1

    def ask(self, message_id: str, order: Buy | Pay, now: datetime) -> tuple[str, int, int]:
        """What it comes to: sold or a code, the money, the units."""
        if message_id in self.outcomes:
            asked, outcome = self.outcomes[message_id]
            return outcome if asked == order else (Code.CONFLICT, 0, 0)
        outcome = self.buy(order, now) if isinstance(order, Buy) else self.pay(order)
        self.outcomes[message_id] = order, outcome
        return outcome

    def buy(self, order: Buy, now: datetime) -> tuple[str, int, int]:
        """Electricity."""
        try:
            priced = quote(TARIFF, self.state, at=now, money=order.money, units=order.units)
        except TenderRefused as error:
            return (Code.BELOW_MINIMUM if isinstance(error, BelowMinimum) else Code.ABOVE_MAXIMUM), 0, 0
        if priced.tender > self.left:
            return Code.FLOAT_EXHAUSTED, 0, 0
        self.left -= priced.tender
        self.state = priced.state
        return "sold", priced.tender, priced.units

    def pay(self, order: Pay) -> tuple[str, int, int]:
        """A debt."""
        owed = sum(it.owed for it in self.state.arrears)
        if not owed or order.money > owed:
            return (Code.ABOVE_MAXIMUM if owed else Code.NOTHING_OWED), 0, 0
        if order.money > self.left:
            return Code.FLOAT_EXHAUSTED, 0, 0
        self.left -= order.money
        (debt,) = self.state.arrears
        after = (replace(debt, owed=owed - order.money),) if owed > order.money else ()
        self.state = replace(self.state, arrears=after)
        return "sold", order.money, 0


def told(answer: Answer) -> tuple[str, int, int]:
    """An answer as the model says it."""
    if isinstance(answer, Refused):
        return answer.code, 0, 0
    return "sold", answer.tender, answer.units


ORDERS = st.one_of(
    st.builds(Buy, money=st.integers(1, 40_000)),
    st.builds(Buy, units=st.integers(1, 800)),
    st.builds(Pay, st.integers(1, 60_000)),
)
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 12), ORDERS), min_size=1, max_size=4),
        st.sampled_from(["well", "well", "lost"]),
        st.integers(-3, 50_000),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_history(database: Database, steps: list[Any]) -> None:
    """Whatever is asked, repeated and lost on the way: the answers are the model's, and the books prove."""
    number = next(NUMBERS)
    town = await build(database, f"town-{number}", number)
    module = LaboratoryModule(f"module-{number}")
    model = Model(town.contract.state)
    async with open_shop(town, module, FLOAT) as shop:
        for batch, fate, minutes in steps:
            await step(shop, module, model, batch, fate)
            shop.now = max(shop.now, shop.now + timedelta(minutes=minutes / 100))
        await proven(shop)
        assert (
            await shop.look("SELECT credit_limit - posted FROM ledger.balance WHERE utility_id = $1", town.id)
            == model.left
        )


async def step(shop: Shop, module: LaboratoryModule, model: Model, batch: list[Any], fate: str) -> None:
    """Ask for a batch, and ask again when the answer was lost."""
    requests = [shop.request(order, f"m{message}") for message, order in batch]
    module.lose = int(fate == "lost")
    try:
        answers = await shop.sell(*requests)
    except LostReplyError:
        answers = await shop.sell(*requests)
    module.lose = 0
    expected = [
        model.ask(request.message_id, order, shop.now) for request, (_, order) in zip(requests, batch, strict=True)
    ]
    assert [told(it) for it in answers] == expected
    minutes = [token.minute for it in answers if isinstance(it, Sold) and not it.repeated for token in it.tokens]
    assert all(it is not None for it in minutes)
    assert minutes == sorted({it for it in minutes if it is not None})
