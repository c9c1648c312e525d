"""One step of the meter's life: a state and an action make a new state."""

from typing import NamedTuple, assert_never

from umbane.meter.actions import (
    Action,
    CutPower,
    EnterToken,
    PassTime,
    PressButton,
    ReplaceBattery,
    ReturnPower,
    Sense,
    SetClock,
    SetLink,
    SetTariff,
    TakeEmergencyCredit,
)
from umbane.meter.calendar import set_tariff
from umbane.meter.config import MeterConfig
from umbane.meter.credit import take_emergency_credit
from umbane.meter.detection import sense
from umbane.meter.events import Event
from umbane.meter.exchange import enter_token, keypad_works
from umbane.meter.limits import unlock
from umbane.meter.passing import pass_time
from umbane.meter.power import cut_power, replace_battery, return_power, set_clock
from umbane.meter.results import TokenOutcome
from umbane.meter.state import State
from umbane.meter.supply import settle
from umbane.meter.work import Work
from umbane.sts import SAMPLE_TABLES, StaTables

__all__ = ["Step", "step"]


class Step(NamedTuple):
    """What a step made."""

    state: State
    events: tuple[Event, ...]
    outcome: TokenOutcome | None = None
    """The answer, if a token was entered."""


def step(config: MeterConfig, state: State, action: Action, tables: StaTables = SAMPLE_TABLES) -> Step:
    """The meter after an action; ``state`` itself isn't changed.

    This is all there is to a meter: the same three arguments give the same step for ever.
    """
    work = Work(config, tables, state.copy())
    outcome = None
    if isinstance(action, PassTime):
        pass_time(work, action.until, action.load)
        return Step(work.state, tuple(work.events))
    if isinstance(action, EnterToken):
        outcome = enter_token(work, action.entered)
    else:
        perform(work, action)
    if work.state.powered:
        settle(work)
    events = tuple(work.events)
    return Step(work.state, events, None if outcome is None else outcome.with_events(events))


def perform(  # noqa: C901 - one flat case for each action
    work: Work,
    action: CutPower
    | ReturnPower
    | Sense
    | PressButton
    | TakeEmergencyCredit
    | SetClock
    | ReplaceBattery
    | SetLink
    | SetTariff,
) -> None:
    """Do what needs no answer."""
    match action:
        case CutPower():
            cut_power(work)
        case ReturnPower():
            return_power(work)
        case Sense():
            sense(work, action.tamper, present=action.present)
        case PressButton():
            if work.config.trips.button_unlocks and work.state.powered:
                unlock(work)
        case TakeEmergencyCredit():
            if keypad_works(work):
                take_emergency_credit(work)
        case SetClock():
            set_clock(work, action.clock)
        case ReplaceBattery():
            replace_battery(work)
        case SetLink():
            work.state.link = action.link
        case SetTariff():
            set_tariff(work, action.tariff)
        case _:
            assert_never(action)
