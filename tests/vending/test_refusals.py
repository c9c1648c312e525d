"""Everything that a sale is refused for, each by its own code, and with no trace of half a sale."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest
from msgspec import structs

from tests.database import by_owner
from tests.registry.town import GROUP, KEY, NEXT_KEY, TSHWANE, meter, pan, revision
from tests.vending.shop import Shop, proven, set_float
from tests.vending.traces import Contents, contents, left
from umbane.registry import (
    EngineeringAction,
    KeyParameters,
    Realm,
    Role,
    ServicePoint,
    SupplyGroup,
    add_key_revisions,
    add_meters,
    add_service_points,
    add_supply_groups,
    add_tariff_version,
    block_meter,
    change_policy,
    change_tariff,
    change_vendor,
    close_contract,
    end_key_revision,
    install_meter,
    minute_of,
    plan_keys,
    remove_meter,
    scrap_meter,
    unblock_meter,
)
from umbane.sts import KRN, KT, LAST_TID, SGC, TID, BaseDate
from umbane.vending import Buy, ChangeKey, ClaimFree, Code, Engineer, Give, Order, Pay, Refused, Sold, Staff, offer

LATER = datetime(2027, 1, 1, tzinfo=UTC)
BUY = Buy(money=20_000)
GIVE = Give(EngineeringAction.FREE_ISSUE, 5, "storm")
BOSS = Staff("bheki", frozenset({Role.SUPERVISOR}))
ENGINEER = Staff("thandi", frozenset({Role.ENGINEER}), (BOSS,))
CASHIER = Staff("sipho", frozenset({Role.CASHIER}), (BOSS,))
ELSEWHERE: Final = {
    Code.IN_PROGRESS: "test_external.py",
    Code.UNAVAILABLE: "test_disasters.py",
    Code.RELEASED: "test_looking.py",
    Code.REVERSED: "test_looking.py",
    Code.LATER_SALES: "test_looking.py",
}
"""Codes that it takes more to get than one refused request, and where they are tried."""
ONLY_FOR_GOOD: Final = {Code.CONFLICT, Code.KEY_CHANGE_REFUSED}
"""A trial claims no message and asks no module: it can't know these."""
KEPT: Final = {"vending.message": 1, "vending.refusal": 1}
"""What is left of a refusal that is the outcome of its message."""

Preparation = Callable[[Shop], Awaitable[object]]


# ----------------------------------------------------------------------------------------------- what goes wrong before


def change(verb: Callable[..., Awaitable[Any]], *arguments: Any) -> Preparation:  # noqa: ANN401 - the verb's own
    """Something that the utility does; "meter" and "stocked" in it stand for the town's own."""

    async def prepare(shop: Shop) -> None:
        town = shop.town
        own: dict[object, object] = {"meter": town.meter.id, "stocked": town.stocked.id}
        await town.does(verb, *(own.get(it, it) if isinstance(it, str) else it for it in arguments))

    return prepare


async def spend_all_minutes(shop: Shop) -> None:
    """In the course of years every TID of the key's base date was used."""
    await by_owner(shop.town.database, "UPDATE registry.meter SET last_minute = $1", LAST_MINUTE)


async def let_the_key_grow_old(shop: Shop) -> None:
    """The key's expiry number is behind."""
    await shop.town.database.run(lambda tx: tx.execute("UPDATE registry.meter SET ken = 0"))


async def vacate(shop: Shop) -> None:
    """The household has moved out."""
    await shop.town.does(close_contract, shop.town.contract.id, shop.now.date())


def allow(money: int) -> Preparation:
    """The utility allows so much for one purchase."""
    return change(change_policy, {"sale": {"largest_money": money}})


async def block_vendor(shop: Shop) -> None:
    """The vendor was caught."""
    await shop.town.does(change_vendor, replace(shop.town.vendor, blocked=True), "fraud")


async def sell_a_little(shop: Shop) -> None:
    """The float is nearly used up."""
    await set_float(shop.town, 25_000)
    await shop.buy(20_000)


async def pay_everything(shop: Shop) -> None:
    """Nothing is owed any more."""
    await shop.ask(Pay(85_000))


async def hang_a_stranger(shop: Shop) -> None:
    """A meter of another supply group hangs somewhere, and the utility has no key for it."""
    other = SGC(999999)
    stranger, place = meter(3001, key=replace(KEY, sgc=other)), ServicePoint(uuid4(), "13 Church Street")
    await shop.town.does(add_supply_groups, [SupplyGroup(other, "others", Realm.TEST)])
    await shop.town.does(add_service_points, [place])
    await shop.town.does(add_meters, [stranger])
    await shop.town.does(install_meter, stranger.id, place.id)


async def end_the_key(shop: Shop) -> None:
    """The time of the only key is over."""
    await shop.town.does(end_key_revision, (GROUP, KT.DUTK, KRN(1)), shop.now)


async def go_by_another_tariff(shop: Shop) -> None:
    """The contract goes by a tariff that nobody has activated."""
    text = TSHWANE.replace("id: za-tshwane-domestic", "id: unborn").partition("\nexamples:")[0]
    await shop.town.does(add_tariff_version, text + "\n")
    await shop.town.does(change_tariff, shop.town.contract.id, "unborn")


async def wait_for_years(shop: Shop) -> None:
    """The day is one for which no tariff has a version."""
    shop.now = LATER


async def turn_back(shop: Shop) -> None:
    """After a sale, the clock goes back over the end of a month."""
    await shop.buy()
    shop.wait(days=-31)


async def say_something_else(shop: Shop) -> None:
    """The message came before, with another amount."""
    await shop.buy(5_000, "used")


def plan_key(policy: str, key: KeyParameters = NEXT_KEY, **fields: Any) -> Preparation:  # noqa: ANN401 - of a revision
    """The meter is to get another key, and this is what a purchase does then."""

    async def prepare(shop: Shop) -> None:
        await shop.town.does(change_policy, {"sale": {"key_change": policy}})
        if fields:
            await shop.town.does(add_key_revisions, [revision(2, **fields)])
        await shop.town.does(plan_keys, [shop.town.meter.id], [key], shop.now, "new year")

    return prepare


# --------------------------------------------------------------------------------------------------------- the refusals


@dataclass(frozen=True)
class Case:
    """One refusal.

    Attributes:
        why: in a word or two.
        code: by which it is known.
        order: what is asked.
        before: what has happened.
        fields: of the request, where they are others than usual.
        kept: what is left of it: the message and its outcome, or nothing.
    """

    why: str
    code: Code
    order: Order = BUY
    before: Preparation | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=lambda: KEPT)


def number(text: str, code: Code = Code.BAD_METER_NUMBER) -> Case:
    """A number that is none."""
    return Case(f"number {text[:20]!r}", code, fields={"meter": text})


def message(text: str) -> Case:
    """A message id that is none."""
    return Case(f"message {text[:20]!r}", Code.BAD_MESSAGE_ID, fields={"message_id": text}, kept={})


def bad(order: Order, why: str = "", **fields: object) -> Case:
    """A value that can't be."""
    return Case(why or f"{order}"[:60], Code.BAD_REQUEST, order, fields=fields)


def words(text: str) -> list[Case]:
    """Words that can't be kept: as a reason, as the name of who asks, as the name of who agrees."""
    nobody = Staff(text, frozenset({Role.ENGINEER}), (BOSS,))
    agreeing = structs.replace(ENGINEER, approvers=(structs.replace(BOSS, name=text),))
    reason = structs.replace(GIVE, reason=text)
    return [
        bad(reason, f"reason {text[:9]!r}", staff=ENGINEER),
        bad(GIVE, f"asks {text[:9]!r}", staff=nobody),
        bad(BUY, f"agrees {text[:9]!r}", staff=agreeing),
    ]


LAST_MINUTE: Final = minute_of(TID(LAST_TID), BaseDate.Y2014)
STAFF: Final = {"staff": ENGINEER}
STOCKED: Final = {"meter": str(pan(2001).drn)}


def also(name: str) -> dict[str, Any]:
    """She agrees under her name, written in another way."""
    return {"staff": structs.replace(ENGINEER, approvers=(structs.replace(ENGINEER, name=name),))}


ALONE: Final = {"staff": structs.replace(ENGINEER, approvers=())}
HERSELF: Final = {"staff": structs.replace(ENGINEER, approvers=(ENGINEER,))}
CARD = replace(NEXT_KEY, kt=KT.DCTK)
FUTURE = replace(NEXT_KEY, base_date=BaseDate.Y2035)
AHEAD = plan_key("bundle", FUTURE, base_date=BaseDate.Y2035)
NO_CURRENCIES = ["USD", "", "\0", "\ud800", "Z" * 999]
TRICKS = [
    "",
    "  ",
    "a\0b",
    "a\nb",
    "a\ud800",
    "a\u202egnihton",
    "a\u200bb",
    "\u2066a",
    "a" + "\u0301" * 9,
    "=1+1",
    "x" * 201,
]

CASES: Final = [
    # The message
    Case("used before", Code.CONFLICT, BUY, say_something_else, {"message_id": "used"}, {}),
    *map(message, ["", "x" * 65, "💡" * 65, "a\nb", "a\0b", "a\ud800", "a\u202eb", "a\u200bb", "\ufeffa", "\ue000"]),
    # Values
    *(bad(Buy(money=it)) for it in (0, -5, True, 10**30)),
    bad(Buy(money=10**5000), "more digits than can be written"),
    *(bad(Buy(units=it)) for it in (0, -1, 10**30)),
    *(bad(it) for it in (Buy(), Buy(money=5, units=5), Pay(0), Pay(-1), Pay(money=True))),
    bad(Engineer(EngineeringAction.SET_TARIFF_RATE, 10**30), staff=ENGINEER),
    bad(Engineer(EngineeringAction.KEY_CHANGE), staff=ENGINEER),
    bad(Give(EngineeringAction.CLEAR_TAMPER, 5, "why"), staff=ENGINEER),
    bad(Give(EngineeringAction.FREE_ISSUE, 10**9, "why"), staff=ENGINEER),
    *(case for text in TRICKS for case in words(text)),
    # Who sells
    Case("no such till", Code.UNKNOWN_TERMINAL, fields={"terminal_id": uuid4()}, kept={}),
    Case("blocked vendor", Code.SELLER_BLOCKED, before=block_vendor),
    Case("float used up", Code.FLOAT_EXHAUSTED, Buy(money=5_001), sell_a_little),
    Case("payment beyond the float", Code.FLOAT_EXHAUSTED, Pay(5_001), sell_a_little),
    Case("nobody asks", Code.NOT_PERMITTED, Engineer(EngineeringAction.CLEAR_TAMPER)),
    Case("a cashier asks", Code.NOT_PERMITTED, GIVE, fields={"staff": CASHIER}),
    Case("a new key for nobody", Code.NOT_PERMITTED, ChangeKey(), change(add_key_revisions, [revision(2)])),
    Case("nobody agrees", Code.APPROVAL_NEEDED, GIVE, fields=ALONE, kept={}),
    Case("agrees with herself", Code.APPROVAL_NEEDED, GIVE, fields=HERSELF, kept={}),
    *(Case(f"agrees as {it!r}", Code.APPROVAL_NEEDED, GIVE, fields=also(it), kept={}) for it in (" thandi", "Thandi")),
    # The meter
    *map(number, ["", "12", "abc", "0" * 30, "0" * 10**5, "１２３４５６７８９０３", "60072700000010012345"]),
    *map(number, ["\ud800", "a\0", "٠" * 11]),
    number(f"{int(str(pan(1001).drn)) + 1:011d}", Code.WRONG_CHECK_DIGIT),
    number(str(pan(77).drn), Code.UNKNOWN_METER),
    Case("blocked meter", Code.METER_BLOCKED, before=change(block_meter, "meter", "debts")),
    Case("no gift to a blocked meter", Code.METER_BLOCKED, GIVE, change(block_meter, "meter", "debts"), STAFF),
    Case("removed meter", Code.METER_NOT_INSTALLED, before=change(remove_meter, "meter", "broken")),
    Case("stocked meter", Code.METER_NOT_INSTALLED, fields=STOCKED),
    Case("scrapped meter", Code.METER_NOT_INSTALLED, ChangeKey(), change(scrap_meter, "stocked", "old"), STOCKED),
    Case("vacant place", Code.NO_CONTRACT, before=vacate),
    Case("payment for a vacant place", Code.NO_CONTRACT, Pay(5), vacate),
    Case("no TIDs left", Code.TIDS_EXHAUSTED, before=spend_all_minutes),
    # Its key
    Case("no key for its group", Code.NO_KEY, before=hang_a_stranger, fields={"meter": str(pan(3001).drn)}),
    Case("key that ended", Code.KEY_EXPIRED, before=end_the_key),
    Case("TIDs beyond the KEN", Code.KEY_EXPIRED, before=let_the_key_grow_old),
    Case("key tokens first", Code.KEY_CHANGE_DUE, before=plan_key("ask_first")),
    Case("change of key ahead", Code.KEY_CHANGE_PENDING, before=plan_key("refuse")),
    Case("new key that isn't there", Code.NO_KEY, ChangeKey(), plan_key("ask_first")),
    Case("newest key already", Code.NO_KEY_CHANGE, ChangeKey(), fields={"staff": ENGINEER}),
    Case("change that can't be", Code.KEY_CHANGE_REFUSED, ChangeKey(), plan_key("bundle", CARD, kt=KT.DCTK)),
    Case("key of a time to come", Code.TIDS_EXHAUSTED, ChangeKey(), AHEAD),
    Case("the same with credit", Code.TIDS_EXHAUSTED, BUY, AHEAD),
    # The price
    *(Case(f"currency {it!r}", Code.WRONG_CURRENCY, Buy(money=9, currency=it)) for it in NO_CURRENCIES),
    Case("currency zar", Code.WRONG_CURRENCY, Pay(20_000, currency="zar")),
    Case("too little", Code.BELOW_MINIMUM, Buy(money=1)),
    Case("too much", Code.ABOVE_MAXIMUM, Buy(money=10**12)),
    Case("more than the policy allows", Code.ABOVE_MAXIMUM, BUY, allow(19_999)),
    Case("more than is owed", Code.ABOVE_MAXIMUM, Pay(85_001)),
    Case("much more than is owed", Code.ABOVE_MAXIMUM, Pay(10**30)),
    Case("more than can be written", Code.ABOVE_MAXIMUM, Pay(10**5000)),
    Case("tariff that isn't active", Code.NO_TARIFF, before=go_by_another_tariff),
    Case("day without a price", Code.NO_PRICE, before=wait_for_years),
    Case("month that is over", Code.NO_PRICE, before=turn_back),
    Case("no right to free units", Code.NOTHING_DUE, ClaimFree()),
    Case("nothing owed", Code.NOTHING_OWED, Pay(1), pay_everything),
]  # fmt: skip


async def refuse(shop: Shop, case: Case, before: Contents) -> Contents:
    """It is refused by its code, the same the second time; every table is as it was, but for the message's outcome."""
    request = structs.replace(shop.request(case.order), **case.fields)
    trial = await offer(shop.engine, request)
    assert left(before, await contents(shop)) == {}, f"{case.why}: a trial leaves nothing at all"
    (answer,) = await shop.sell(request)
    assert isinstance(answer, Refused), f"{case.why}: {answer}"
    assert (answer.code, answer.is_final) == (case.code, bool(case.kept)), case.why
    assert case.code in ONLY_FOR_GOOD or trial == answer, case.why
    assert await shop.sell(request) == [answer], case.why
    after = await contents(shop)
    assert left(before, after) == case.kept, case.why
    return after


@pytest.mark.parametrize("case", [it for it in CASES if it.before], ids=lambda it: it.why)
async def test_refused(shop: Shop, case: Case) -> None:
    """What happened before makes it impossible: it is refused by its code, and no half of a sale is left."""
    assert case.before
    await case.before(shop)
    await refuse(shop, case, await contents(shop))
    await proven(shop)


async def test_refused_at_any_time(shop: Shop) -> None:
    """What can never be is refused by its code, and no half of a sale is left, as often as it is tried."""
    for case in CASES:
        if not case.before:
            await refuse(shop, case, await contents(shop))
    await proven(shop)


def test_every_code() -> None:
    """Each reason for a refusal has a case here, or is named as tried elsewhere."""
    assert {it.code for it in CASES} | ELSEWHERE.keys() == set(Code)
    assert not {it.code for it in CASES} & ELSEWHERE.keys()


async def test_words_for_people(shop: Shop) -> None:
    """No answer repeats pages of what was asked, or anything that can't be read."""
    for order in (
        Buy(money=9, currency="Z" * 9999),
        Buy(money=9, currency="\u202e"),
        structs.replace(GIVE, reason="y" * 9999),
    ):
        answer = await shop.ask(order, staff=ENGINEER)
        assert isinstance(answer, Refused)
        assert (len(answer.problem) < 200, answer.problem.isprintable()) == (True, True)


async def test_a_refusal_stays(shop: Shop) -> None:
    """The same message is refused again when the cause is gone; a new one is sold."""
    await shop.town.does(block_meter, shop.town.meter.id, "debts")
    answer = await shop.ask(BUY, "a")
    await shop.town.does(unblock_meter, shop.town.meter.id, "paid")
    assert await shop.ask(BUY, "a") == answer
    assert isinstance(await shop.ask(BUY, "b"), Sold)


async def test_debts_of_a_blocked_meter(shop: Shop) -> None:
    """What is owed for a blocked meter can be paid."""
    await shop.town.does(block_meter, shop.town.meter.id, "debts")
    assert isinstance(await shop.ask(Pay(10_000)), Sold)


async def test_the_least(shop: Shop) -> None:
    """Who offers too little hears what would do; that is sold, and a cent less is not."""
    answer = await shop.ask(Buy(money=1))
    assert isinstance(answer, Refused)
    assert answer.payable is not None
    less = await shop.ask(Buy(money=answer.payable.minimum - 1))
    assert isinstance(less, Refused)
    assert less.payable == answer.payable
    assert isinstance(await shop.ask(Buy(money=answer.payable.minimum)), Sold)


async def test_the_most(shop: Shop) -> None:
    """Who offers more than the utility allows for one purchase hears how much it may be; that is sold."""
    await shop.town.does(change_policy, {"sale": {"largest_money": 10_000}})
    answer = await shop.ask(Buy(money=10_001))
    assert isinstance(answer, Refused)
    assert answer.payable is not None
    assert (answer.code, answer.payable.maximum) == (Code.ABOVE_MAXIMUM, 10_000)
    assert isinstance(await shop.ask(Buy(money=10_000)), Sold)


async def test_to_the_last_cent(shop: Shop) -> None:
    """What just fits the vendor's float is sold."""
    await sell_a_little(shop)
    await shop.buy(5_000)


async def test_whoever_writes_otherwise(shop: Shop) -> None:
    """Message ids that look alike but aren't the same are different messages; odd ones of every script are fine."""
    alike = ["é", "e\u0301", "е", "a b", "a\u0323\u0301", "ａ", "1", "١", " ", "💡" * 64, "-- '; DROP TABLE", "%s{0}\\"]
    sold = [await shop.buy(3_000, it) for it in alike]
    assert len({it.id for it in sold}) == len(alike)
    assert [await shop.buy(3_000, it) for it in alike] == sold
    await proven(shop)
