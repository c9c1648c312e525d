"""Engineering tokens: an order as a token of class 1 or 2, its TID left open."""

from collections.abc import Callable
from typing import Final

from umbane.registry import EngineeringAction
from umbane.sts import (
    TID,
    ClearCredit,
    ClearTamperCondition,
    ExtendedManagement,
    InitiateTest,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StsInputError,
    Token,
)
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.models import Engineer

__all__ = ["engineering_token"]

DATA_BITS: Final = 10

MAKERS: Final[dict[EngineeringAction, Callable[[Engineer, TID], Token]]] = {
    EngineeringAction.INITIATE_TEST: lambda order, _: InitiateTest(
        order.value, order.manufacturer_code, order.subclass
    ),
    EngineeringAction.SET_MAXIMUM_POWER_LIMIT: lambda order, tid: SetMaximumPowerLimit(order.value, tid=tid, rnd=0),
    EngineeringAction.CLEAR_CREDIT: lambda order, tid: ClearCredit(order.value, tid=tid, rnd=0),
    EngineeringAction.SET_TARIFF_RATE: lambda order, tid: SetTariffRate(order.value, tid=tid, rnd=0),
    EngineeringAction.CLEAR_TAMPER: lambda _, tid: ClearTamperCondition(tid=tid, rnd=0),
    EngineeringAction.SET_MAXIMUM_PHASE_POWER_UNBALANCE_LIMIT: lambda order, tid: SetMaximumPhasePowerUnbalanceLimit(
        order.value, tid=tid, rnd=0
    ),
    EngineeringAction.SET_WATER_METER_FACTOR: lambda order, tid: SetWaterMeterFactor(order.value, tid=tid, rnd=0),
    EngineeringAction.EXTENDED: lambda order, tid: ExtendedManagement(
        *divmod(order.value, 1 << DATA_BITS), tid=tid, rnd=0
    ),
}
"""Everything that is one token; key changes and what gives energy are orders of their own."""


def engineering_token(order: Engineer, tid: TID) -> Token:
    """The token of an order.

    Raises:
        RefusedError: a value is out of range, or the action is not a token of this kind.
    """
    if order.action not in MAKERS:
        raise RefusedError(Code.BAD_REQUEST, f"{order.action} is an order of its own", "see ChangeKey and Give")
    try:
        return MAKERS[order.action](order, tid)
    except StsInputError as error:
        raise RefusedError(Code.BAD_REQUEST, f"{error.field}: {error.problem}", error.remedy) from error
