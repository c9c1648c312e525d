"""Does a state that came from outside make sense? What a meter can't have become is refused before it can do harm."""

from typing import Final

from umbane.meter.accounts import Account
from umbane.meter.calendar import calendar_of
from umbane.meter.clock import moment, reading
from umbane.meter.config import MeterConfig, require_tariff
from umbane.meter.errors import MeterInputError, SnapshotError, require_int
from umbane.meter.execution import FLAGS
from umbane.meter.link import require_link
from umbane.meter.power import full_battery
from umbane.meter.state import State
from umbane.meter.supply import holds_of
from umbane.meter.units import MS_PER_MINUTE, MS_PER_SECOND, NEVER, SCALES
from umbane.meter.validation import MOST_RETIRED_KEYS
from umbane.meter.work import Work
from umbane.sts import LAST_TID, CrcError, KeyChangeSection, StaTables, UnknownTokenError, decode

__all__ = ["LAST_TIME", "require_sound"]

LAST_TIME: Final = 32_503_680_000_000
"""The year 3000, in ms since 1970: no meter lives longer."""

LAST_DAY: Final = 400_000
MOST: Final = 1 << 256


def require_sound(config: MeterConfig, state: State, tables: StaTables) -> None:
    """Raise SnapshotError at the first thing about ``state`` that can't be."""
    try:
        check_ranges(config, state)
        require_tariff(state.tariff, config)
        check_clock(config, state)
        require_link(state.link)
    except SnapshotError:
        raise
    except MeterInputError as error:
        raise SnapshotError(f"state.{error.field}", error.problem, error.remedy) from error
    check_lengths(config, state)
    check_books(config, state)
    check_tids(state)
    check_log(state)
    check_key_change(state, tables)
    check_switch(config, state, tables)


def require(field: str, sound: object, problem: str) -> None:
    """Raise SnapshotError unless it is sound."""
    if not sound:
        raise SnapshotError(f"state.{field}", problem, "give what snapshot() gave")


def check_ranges(config: MeterConfig, state: State) -> None:
    """Single numbers in their ranges."""
    require_int("time", state.time, 0, LAST_TIME)
    require_int("uptime", state.uptime, 0, LAST_TIME)
    require_int("flags", state.flags, 0, sum(1 << flag for flag in FLAGS))
    for name in ("mpl", "mppul"):
        if getattr(state, name) is not None:
            require_int(name, getattr(state, name), 0, 10**9)
    require_int("standing.warning", state.standing.warning, 0, len(config.low_credit))
    require_int("standing.debt", state.standing.debt, 0, MOST)
    require_int("standing.charges", state.standing.charges, 0, MOST)
    require_int("lockout.wrong", state.lockout.wrong, 0, MOST)
    require_int("lockout.level", state.lockout.level, 0, MOST)
    require_int("lockout.until", state.lockout.until, 0, state.uptime + config.lockout.longest_s * MS_PER_SECOND)
    longest = config.key_change_timeout_s * MS_PER_SECOND
    require_int("key_change.until", state.key_change.until, 0, state.uptime + longest)
    require_int("trip.trips", state.trip.trips, 0, config.trips.recloses + 1)
    require_int("trip.last", state.trip.last, 0, state.uptime)
    if state.trip.since is not None:
        require_int("trip.since", state.trip.since, 0, state.uptime)
    if state.trip.recloses is not None:
        latest = state.uptime + config.trips.reclose_after_s * MS_PER_SECOND
        require_int("trip.recloses", state.trip.recloses, state.uptime + 1, latest)


def check_clock(config: MeterConfig, state: State) -> None:
    """The clock, and what was worked out from it."""
    clock, drift = state.clock, config.clock.drift_ppm
    require_int("clock.since", clock.since, 0, state.time)
    require_int("clock.origin", clock.origin, 0, LAST_TIME)
    require_int("clock.battery_ms", clock.battery_ms, 0, full_battery(config.clock.battery_hours))
    require_int("calendar.rate", state.calendar.rate, 0, len(state.tariff.prices) - 1)
    if state.calendar.day is not None:
        require_int("calendar.day", state.calendar.day, 0, LAST_DAY)
    length = config.profile.interval_minutes * MS_PER_MINUTE
    start = reading(clock, drift, state.time) // length * length
    running = state.powered and config.profile.capacity
    expected = moment(clock, drift, start + length) if running else NEVER
    require("profile.ends", state.profile.ends == expected, "it isn't the end of an interval")


def check_lengths(config: MeterConfig, state: State) -> None:
    """As many of everything as the meter has."""
    phases, rates = config.form.phases, len(config.tariff.prices)
    for field, count, expected in (
        ("energy.imported", len(state.energy.imported), phases),
        ("energy.exported", len(state.energy.exported), phases),
        ("energy.by_rate", len(state.energy.by_rate), rates),
        ("drawing", len(state.drawing), phases),
        ("tids.minutes", len(state.tids.minutes), config.tid_memory),
        ("accounts", len(state.accounts), len(SCALES)),
    ):
        require(field, count == expected, f"it has {count} items where the meter has {expected}")
    for field, kept, room in (
        ("log.events", state.log.events, config.log_capacity),
        ("profile.intervals", state.profile.intervals, config.profile.capacity),
    ):
        require(field, len(kept.items) <= room, f"it has more items than the meter keeps, {room}")
    require("lost", set(state.lost) <= set(range(1, phases + 1)), "it names phases that the meter hasn't")


def check_books(config: MeterConfig, state: State) -> None:
    """Energy and credit: nothing created, nothing lost."""
    energy = state.energy
    for name in ("imported", "exported", "by_rate"):
        require(f"energy.{name}", min(getattr(energy, name)) >= 0, "it is negative")
    require("energy.by_rate", sum(energy.by_rate) == sum(energy.imported), "the rates don't add up to the total")
    for subclass, account in enumerate(state.accounts):
        field = f"accounts[{subclass}]"
        require(field, account.is_sound, "its balance isn't what came in less what went out")
        require(field, min(account.consumed, account.collected) >= 0, "it was paid back into")
        require(field, subclass in config.subclasses or account == Account(), "the meter has no such register")


def check_tids(state: State) -> None:
    """The memory of TIDs is in order."""
    minutes, retired = state.tids
    require("tids.minutes", list(minutes) == sorted(minutes), "it isn't in ascending order")
    require("tids.minutes", minutes[0] >= 0 and minutes[-1] <= LAST_TID, "it holds what isn't a TID")
    require("tids.retired", len(retired) <= MOST_RETIRED_KEYS, f"it holds more than {MOST_RETIRED_KEYS} keys")
    require("tids.retired", all(0 <= tid <= LAST_TID for _, tid in retired), "it holds what isn't a TID")


def check_log(state: State) -> None:
    """The log ends with the last number that was given."""
    numbers = [event.sequence for event in state.log.events.items]
    expected = list(range(state.log.sequence - len(numbers) + 1, state.log.sequence + 1))
    require("log", numbers == expected and (not numbers or numbers[0] > 0), "its numbers don't follow one another")
    require("log", numbers or state.log.sequence == 0, "its events are missing")


def check_key_change(state: State, tables: StaTables) -> None:
    """The sections of an incomplete key change are sections, under this key."""
    numbers = [number for number, _ in state.key_change.sections]
    require("key_change", numbers == sorted(set(numbers)), "its sections aren't in order")
    for number, encoded in state.key_change.sections:
        try:
            token = decode(encoded, state.key, tables=tables)
        except (CrcError, UnknownTokenError) as error:
            raise SnapshotError("state.key_change", "a section isn't for this key", "give the right key") from error
        sound = isinstance(token, KeyChangeSection) and token.section == number
        require("key_change", sound, f"what stands for section {number} is something else")


def check_switch(config: MeterConfig, state: State, tables: StaTables) -> None:
    """The load switch stands as the rest of the state says; without power it stands as it stood."""
    if state.powered:
        work = Work(config, tables, state)
        require("holds", state.holds == holds_of(work), "the load switch doesn't stand as it must")
        require("calendar", state.calendar == calendar_of(work), "it isn't what the clock says")
