"""Random histories, held against a model of the engine that knows neither database nor module."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.registry.town import NEXT_KEY, new_id, revision
from tests.vending.abroad import TARIFF, abroad, let, state_of
from tests.vending.laboratory import LaboratoryModule, LostReplyError
from tests.vending.model import Model, told
from tests.vending.shop import Shop, proven, set_float
from umbane.db import Database
from umbane.pricing import Arrears, load_tariff_text
from umbane.registry import (
    EngineeringAction,
    Role,
    Terminal,
    abandon_keys,
    add_key_revisions,
    add_terminals,
    block_meter,
    plan_keys,
    settle_keys,
    unblock_meter,
)
from umbane.sts import EncodedToken
from umbane.vending import (
    Answer,
    Buy,
    ChangeKey,
    ClaimFree,
    Engineer,
    Give,
    Order,
    Pay,
    Refused,
    SaleRequest,
    Sold,
    Staff,
    UnknownSaleError,
    answer_to,
    confirm,
    last_response,
    offer,
    reprint,
    resolve,
    reverse,
)

FLOAT: Final = 120_000
BEGIN: Final = datetime(2026, 3, 30, 20, tzinfo=UTC)
"""A day before the month ends, where the utility is."""
PRICES: Final = ("2", "9", "3")
WORDS: Final = {"currency": "ZAR", "zone": "Africa/Johannesburg", "period": "calendar-month", "claim": "on-request"}
MONTHLY: Final = load_tariff_text(TARIFF.format(**WORDS, low=PRICES[0], high=PRICES[1], fee=PRICES[2]))
BOSS: Final = Staff("bheki", frozenset({Role.SUPERVISOR}))
ENGINEER: Final = Staff("thandi", frozenset({Role.ENGINEER}), (BOSS,))
AT_ONCE: Final = timedelta(0)

PURCHASES = st.one_of(st.builds(Buy, money=st.integers(2_000, 30_000)), st.builds(Buy, units=st.integers(1, 400)))
ORDERS = st.one_of(
    PURCHASES,
    PURCHASES,
    st.builds(Buy, money=st.sampled_from([1, 299, 354, 10**9])),
    st.builds(Pay, st.integers(1, 15_000)),
    st.just(ClaimFree()),
    st.just(ChangeKey()),
    st.just(Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 5_000)),
    st.just(Give(EngineeringAction.FREE_ISSUE, 40, "storm")),
)
MESSAGES = st.tuples(st.integers(0, 1), st.sampled_from("abcdefghijklm"))
BATCHES = st.lists(st.tuples(MESSAGES, ORDERS), min_size=1, max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("ask"), BATCHES, st.booleans()),
    st.tuples(st.just("ask"), BATCHES, st.sampled_from([False])),
    st.tuples(st.sampled_from(["confirm", "reverse", "reverse"]), st.integers(1, 4)),
    st.tuples(st.just("regret"), st.lists(st.tuples(MESSAGES, PURCHASES), min_size=1, max_size=3)),
    st.tuples(st.just("trial"), st.lists(ORDERS, min_size=1, max_size=3)),
    st.tuples(st.just("recall")),
    st.tuples(st.just("wait"), st.integers(-3_000, 3_000)),
    st.tuples(st.sampled_from(["plan", "settle", "abandon", "block", "unblock"])),
)


@dataclass
class World:
    """A shop with two tills, its module, and the model of both."""

    shop: Shop
    module: LaboratoryModule
    model: Model
    tills: tuple[Terminal, Terminal]
    digits: dict[tuple[UUID, int], EncodedToken] = field(default_factory=dict)

    def request(self, message: tuple[int, str], order: Order) -> SaleRequest:
        """A till's request."""
        till, name = message
        return structs.replace(self.shop.request(order, name, staff=ENGINEER), terminal_id=self.tills[till].id)

    async def ask(self, batch: list[tuple[tuple[int, str], Order]], lost: bool) -> None:  # noqa: FBT001 - whether the reply is
        """Ask for a batch, and again until everything is decided; the answers are the model's, and TIDs grow."""
        self.module.lose = int(lost)
        requests = [self.request(message, order) for message, order in batch]
        if lost and self.module.external:  # of a batch the others would go first
            answers = [answer for request in requests for answer in await self.insist([request])]
        else:
            answers = await self.insist(requests)
        self.module.lose = 0
        assert [told(it) for it in answers] == [self.model.ask(*it, self.shop.now) for it in batch]
        minutes = [token.minute for it in answers if isinstance(it, Sold) and not it.repeated for token in it.tokens]
        stamped = [it for it in minutes if it is not None]
        assert stamped == sorted(set(stamped))
        self.keep(answers)

    def keep(self, answers: Iterable[Answer | None]) -> None:
        """Digits never change: a token is told as it was told before, or kept back."""
        for it in (it for it in answers if isinstance(it, Sold)):
            for place, token in enumerate(it.tokens):
                if token.token:
                    assert self.digits.setdefault((it.id, place), token.token) == token.token

    async def trial(self, orders: list[Order]) -> None:
        """Ask what orders would get: just what they would, and nothing comes of it."""
        for order in orders:
            found = await offer(self.shop.engine, self.request((0, "trial"), order))
            told_so = deepcopy(self.model).ask((0, "trial"), order, self.shop.now)
            if isinstance(found, Refused):
                assert (found.code, ()) == (told_so.what, told_so.tokens)
            else:
                assert (found.tender, found.units, found.free_units) == told_so[1:4]

    async def recall(self) -> None:
        """Ask what was answered, by message, by till and by sale: the same as then."""
        engine, house = self.shop.engine, self.shop.town.id
        for till, terminal in enumerate(self.tills):
            mine = [(name, outcome) for (at, name), (_, outcome) in self.model.outcomes.items() if at == till]
            answers = [await answer_to(engine, house, terminal.id, name) for name, _ in mine]
            assert [told(it) for it in answers if it] == [outcome for _, outcome in mine]
            assert await last_response(engine, house, terminal.id) == (answers[-1] if answers else None)
            again = [await reprint(engine, house, it.id) for it in answers if isinstance(it, Sold)]
            assert again == [it for it in answers if isinstance(it, Sold)]
            self.keep(answers)

    async def insist(self, requests: list[SaleRequest]) -> list[Answer]:
        """Ask until every answer is an outcome or a conflict."""
        while True:
            try:
                answers = await self.shop.sell(*requests)
            except LostReplyError:
                continue
            if not any(isinstance(it, Refused) and it.code in {"in_progress", "unavailable"} for it in answers):
                return answers
            await resolve(self.shop.engine, AT_ONCE)

    async def end(self, verb: str, place: int) -> None:
        """Confirm a message or take it back: the last that was asked for, the one before it, or one that never was."""
        till, name = message = [(0, "never"), *self.model.outcomes][-place:][0]
        do: Any = {"confirm": confirm, "reverse": reverse}[verb]
        reason = ["changed her mind"] if verb == "reverse" else []
        try:
            answer = await do(self.shop.engine, self.shop.town.id, self.tills[till].id, name, *reason)
        except UnknownSaleError:
            found = "unknown"
        else:
            found = told(answer).what
        assert found == getattr(self.model, verb)(message)

    async def regret(self, batch: list[tuple[tuple[int, str], Order]]) -> None:
        """Buy, and take it all back, the last purchase first."""
        await self.ask(batch, lost=False)
        for place in range(1, len(batch) + 1):
            await self.end("reverse", place)

    async def wait(self, minutes: int) -> None:
        """The clock moves, and sometimes back."""
        self.shop.wait(minutes=minutes)

    async def plan(self) -> None:
        """The utility plans another key."""
        if self.model.keys != "issued" and not self.model.is_newest:
            await self.shop.town.does(plan_keys, [self.shop.town.meter.id], [NEXT_KEY], self.shop.now, "new year")
            self.model.keys = "planned"

    async def settle(self) -> None:
        """The utility knows that the key is in."""
        if self.model.keys == "issued":
            await self.shop.town.does(settle_keys, [self.shop.town.meter.id], self.shop.now, "typed")
            self.model.keys, self.model.is_newest = "settled", True

    async def abandon(self) -> None:
        """The utility gives up on another key: its tokens never went in."""
        if self.model.keys != "settled":
            await self.shop.town.does(abandon_keys, [self.shop.town.meter.id], self.shop.now, "lost")
            self.model.keys = "settled"

    async def block(self) -> None:
        """The utility blocks the meter."""
        if not self.model.is_blocked:
            await self.shop.town.does(block_meter, self.shop.town.meter.id, "debts")
            self.model.is_blocked = True

    async def unblock(self) -> None:
        """The utility has thought better of it."""
        if self.model.is_blocked:
            await self.shop.town.does(unblock_meter, self.shop.town.meter.id, "paid")
            self.model.is_blocked = False

    async def do(self, step: tuple[Any, ...]) -> None:
        """Do one step."""
        verb, *arguments = step
        if verb in {"confirm", "reverse"}:
            await self.end(verb, *arguments)
        else:
            await getattr(self, verb)(*arguments)

    async def compare(self) -> None:
        """The account, the float and all outcomes are the model's, and the books prove."""
        town, model = self.shop.town, self.model
        assert await state_of(self.shop) == model.state
        left = "SELECT credit_limit - posted - held FROM ledger.balance WHERE utility_id = $1"
        assert await self.shop.look(left, town.id) == model.left
        requests = [self.request(message, order) for message, (order, _) in model.outcomes.items()]
        answers = await self.shop.sell(*requests)
        assert [told(it) for it in answers] == [it[1] for it in model.outcomes.values()]
        self.keep(answers)
        await self.recall()
        await proven(self.shop)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key_change=st.sampled_from(["ask_first", "bundle", "refuse"]),
    release=st.sampled_from(["at_once", "on_confirmation", "on_confirmation"]),
    external=st.booleans(),
    steps=st.lists(STEPS, min_size=5, max_size=16),
)
async def test_any_history(
    database: Database,
    key_change: str,
    release: str,
    external: bool,  # noqa: FBT001 - hypothesis passes it by name
    steps: list[tuple[Any, ...]],
) -> None:
    """Whatever is asked, tried, lost, repeated, confirmed, taken back and told again: the answers are the model's."""
    policy = {"key_change": key_change, "release": release}
    async with abroad(database, BEGIN, prices=PRICES, external=external, sale=policy) as shop:
        town = shop.town
        other = Terminal(new_id(), town.vendor.id, "T-2")
        await town.does(add_terminals, [other])
        await town.does(add_key_revisions, [revision(2)])
        await set_float(town, FLOAT)
        await let(town, arrears=(Arrears("outstanding", 20_000), Arrears("outstanding", 9_000, percent="10")))
        module = shop.engine.house.module
        assert isinstance(module, LaboratoryModule)
        model = Model(MONTHLY, await state_of(shop), FLOAT, key_change, held=release == "on_confirmation")
        world = World(shop, module, model, (town.terminal, other))
        for step in steps:
            await world.do(step)
        await world.compare()
