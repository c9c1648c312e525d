"""A new meter, as it comes out of its box."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from umbane.errors import shown
from umbane.meter.config import MeterConfig
from umbane.meter.errors import MeterInputError, require_int
from umbane.meter.execution import INITIAL_FLAGS
from umbane.meter.load import NO_LOAD
from umbane.meter.power import full_battery
from umbane.meter.profile import Profile
from umbane.meter.recording import begin_interval
from umbane.meter.ring import Ring
from umbane.meter.state import NO_HOLD, Clock, Energy, Hold, Log, Standing, State
from umbane.meter.supply import settle
from umbane.meter.units import SCALES
from umbane.meter.validation import TidMemory
from umbane.meter.work import Work
from umbane.sts import LAST_TID, SAMPLE_TABLES, TID, BaseDate, DecoderKey, TidError

__all__ = ["datetime_of", "milliseconds", "new_state", "time_of"]

UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


def time_of(field: str, when: object) -> int:
    """An aware moment in ms since 1970 UTC, microseconds dropped.

    Raises:
        MeterInputError: it has no time zone or isn't a datetime.
    """
    if not isinstance(when, datetime) or when.utcoffset() is None:
        raise MeterInputError(field, f"{shown(when)} is not a moment with a time zone", "give an aware datetime")
    return (when - UNIX_EPOCH) // MILLISECOND


def milliseconds(field: str, duration: object) -> int:
    """A duration in whole ms.

    Raises:
        MeterInputError: it isn't a timedelta, is negative, or isn't a whole number of ms.
    """
    if not isinstance(duration, timedelta):
        raise MeterInputError(field, f"{shown(duration)} is not a duration", "give a timedelta or an aware datetime")
    whole, rest = divmod(duration, MILLISECOND)
    if rest or whole < 0:
        raise MeterInputError(field, f"{duration} is negative or finer than a ms", "give whole ms, 0 or more")
    return whole


def datetime_of(time: int) -> datetime:
    """The moment of ms since 1970 UTC."""
    return UNIX_EPOCH + time * MILLISECOND


def new_state(
    config: MeterConfig,
    key: DecoderKey,
    start: datetime,
    *,
    manufactured: datetime | None,
    tids: Sequence[int] | None,
) -> State:
    """A meter that was switched on at ``start``: clock set, registers at zero, the switch open for want of credit."""
    time = time_of("start", start)
    made = start - timedelta(days=1) if manufactured is None else manufactured
    memory = TidMemory.filled(tid_of_manufacture(made, key.base_date), config.tid_memory)
    phases = config.form.phases
    state = State(
        time=time,
        key=key,
        tids=memory if tids is None else given_memory(tids, config.tid_memory),
        clock=Clock(time, time, right=True, battery_ms=full_battery(config.clock.battery_hours)),
        energy=Energy((0,) * phases, (0,) * phases, (0,) * len(config.tariff.prices)),
        log=Log(0, Ring(config.log_capacity)),
        profile=Profile(Ring(config.profile.capacity)),
        tariff=config.tariff,
        flags=INITIAL_FLAGS,
        mpl=config.power_limit,
        mppul=config.unbalance_limit,
        standing=new_standing(config),
        drawing=NO_LOAD[phases].watts,
        holds=Hold.CREDIT if config.gates else NO_HOLD,
    )
    work = Work(config, SAMPLE_TABLES, state)
    begin_interval(work, 0)
    settle(work)
    return state


def new_standing(config: MeterConfig) -> Standing:
    """No credit, every warning passed, all of the debt owed; nothing of it where supply depends on no register."""
    if config.payer is None:
        return Standing(exhausted=False)
    debt = config.collection.debt * SCALES[config.payer]
    return Standing(exhausted=True, warning=len(config.low_credit), debt=debt)


def tid_of_manufacture(made: datetime, base: BaseDate) -> int:
    """The TID that fills a new meter's memory; 0 for a base date that hadn't come yet."""
    time_of("manufactured", made)
    try:
        return TID.at(made, base).minutes
    except TidError:
        return 0 if made.year <= base.start.year else LAST_TID


def given_memory(tids: Sequence[int], size: int) -> TidMemory:
    """A memory with these TIDs; room that they leave is filled with the smallest of them."""
    if not 1 <= len(tids) <= size:
        raise MeterInputError("tids", f"{len(tids)} were given", f"give 1 to {size}, the size of the memory")
    minutes = sorted(require_int("tids", tid, 0, LAST_TID) for tid in tids)
    return TidMemory((*[minutes[0]] * (size - len(minutes)), *minutes))
