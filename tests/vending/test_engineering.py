"""Tokens that nobody pays for: each only for those whom the policy names."""

import pytest

from tests.vending.laboratory import read
from tests.vending.shop import Shop, proven
from umbane.registry import EngineeringAction, Role
from umbane.sts import (
    ClearCredit,
    ClearTamperCondition,
    Credit,
    ExtendedManagement,
    InitiateTest,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
)
from umbane.vending import Answer, Code, Engineer, Give, Order, Refused, Sold, Staff, TokenKind

BOSS = Staff("bheki", frozenset({Role.SUPERVISOR}))
ENGINEER = Staff("thandi", frozenset({Role.ENGINEER}), (BOSS,))
ALONE = Staff("thandi", frozenset({Role.ENGINEER}))

TOKENS = [
    (Engineer(EngineeringAction.INITIATE_TEST, 1), InitiateTest),
    (Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 5_000), SetMaximumPowerLimit),
    (Engineer(EngineeringAction.CLEAR_CREDIT, 0xFFFF), ClearCredit),
    (Engineer(EngineeringAction.SET_TARIFF_RATE, 7), SetTariffRate),
    (Engineer(EngineeringAction.CLEAR_TAMPER), ClearTamperCondition),
    (Engineer(EngineeringAction.SET_MAXIMUM_PHASE_POWER_UNBALANCE_LIMIT, 900), SetMaximumPhasePowerUnbalanceLimit),
    (Engineer(EngineeringAction.SET_WATER_METER_FACTOR, 3), SetWaterMeterFactor),
    (Engineer(EngineeringAction.EXTENDED, 63 << 10 | 2), ExtendedManagement),
]


def code(answer: Answer) -> Code:
    """Why it was refused."""
    assert isinstance(answer, Refused), answer
    return answer.code


@pytest.mark.parametrize(("order", "kind"), TOKENS, ids=[it[0].action for it in TOKENS])
async def test_every_token(shop: Shop, order: Engineer, kind: type) -> None:
    """Every token of class 1 and 2 is made for those who may ask for it, and costs nothing."""
    sold = await shop.ask(order, staff=ENGINEER)
    assert isinstance(sold, Sold), sold
    (issued,) = sold.tokens
    assert isinstance(read(shop.town.meter, issued.token), kind)
    booked = await shop.look("SELECT count(*) FROM ledger.entry WHERE kind <> 'debt'")
    assert (issued.kind, sold.tender, booked) == (order.action, 0, 0)
    await proven(shop)


async def test_tids_of_all_kinds_grow(shop: Shop) -> None:
    """Credit and engineering tokens share the TIDs of a meter."""
    first = await shop.buy()
    second = await shop.ask(Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, 100), staff=ENGINEER)
    assert isinstance(second, Sold)
    assert (second.tokens[0].minute or 0) > (first.tokens[0].minute or 0)


async def test_nobody(shop: Shop) -> None:
    """Nobody in particular may not ask for engineering tokens."""
    assert code(await shop.ask(Engineer(EngineeringAction.CLEAR_TAMPER))) is Code.NOT_PERMITTED


async def test_somebody_else(shop: Shop) -> None:
    """A role that the policy doesn't name may not either."""
    cashier = Staff("sipho", frozenset({Role.CASHIER}), (BOSS,))
    assert code(await shop.ask(Engineer(EngineeringAction.CLEAR_TAMPER), staff=cashier)) is Code.NOT_PERMITTED


@pytest.mark.parametrize(
    "approvers",
    [(), (ALONE,), (Staff("sipho", frozenset({Role.CASHIER})),), (Staff("thandi", frozenset({Role.SUPERVISOR})),)],
)
async def test_too_few_agree(shop: Shop, approvers: tuple[Staff, ...]) -> None:
    """What takes two people isn't done by one, nor by one twice, nor with one who may not agree to it."""
    staff = Staff("thandi", frozenset({Role.ENGINEER}), approvers)
    answer = await shop.ask(Engineer(EngineeringAction.CLEAR_TAMPER), staff=staff)
    assert code(answer) is Code.APPROVAL_NEEDED


@pytest.mark.parametrize(
    "order",
    [
        Engineer(EngineeringAction.SET_MAXIMUM_POWER_LIMIT, -1),
        Engineer(EngineeringAction.SET_TARIFF_RATE, 70_000),
        Engineer(EngineeringAction.EXTENDED, 1 << 16),
        Engineer(EngineeringAction.INITIATE_TEST, 1, subclass=3),
        Engineer(EngineeringAction.KEY_CHANGE),
        Engineer(EngineeringAction.FREE_ISSUE, 5),
        Give(EngineeringAction.CLEAR_TAMPER, 5, "why"),
        Give(EngineeringAction.FREE_ISSUE, 0, "why"),
        Give(EngineeringAction.FREE_ISSUE, 10**9, "why"),
        Give(EngineeringAction.FREE_ISSUE, 5, "  "),
    ],
)
async def test_impossible(shop: Shop, order: Order) -> None:
    """Values that no token can hold, and acts that are no token, are refused even to those who may."""
    assert code(await shop.ask(order, staff=ENGINEER)) is Code.BAD_REQUEST


@pytest.mark.parametrize(
    ("action", "account"),
    [
        (EngineeringAction.FREE_ISSUE, "energy_free"),
        (EngineeringAction.REPLACEMENT, "energy_replaced"),
        (EngineeringAction.REISSUE, "energy_replaced"),
    ],
)
async def test_given_energy_is_booked(shop: Shop, action: EngineeringAction, account: str) -> None:
    """Energy that nobody pays for is booked as given, with who gave it and why, and doesn't count for blocks."""
    sold = await shop.ask(Give(action, 100, "storm"), staff=ENGINEER)
    assert isinstance(sold, Sold)
    assert isinstance(read(shop.town.meter, sold.tokens[0].token), Credit)
    booked = """SELECT sum(p.amount) FROM ledger.entry e CROSS JOIN unnest(e.accounts, e.amounts) AS p (account, amount)
        JOIN ledger.account a ON a.id = p.account WHERE a.kind = $1 AND e.note = 'storm'"""
    assert await shop.look(booked, account) == -100
    assert await shop.look("SELECT staff FROM vending.sale") == "thandi, bheki"
    assert await shop.look("SELECT version FROM registry.contract") == 0
    await proven(shop)


def test_kinds_don_t_clash() -> None:
    """No engineering token is called like a token of a sale, except the change of key."""
    assert {it.value for it in TokenKind} & {it.value for it in EngineeringAction} == {"key_change"}
