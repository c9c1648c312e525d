"""Power limit and phase unbalance limit: trip after a delay, close again, and lock when it happens too often."""

from umbane.meter.events import EventKind
from umbane.meter.load import Load
from umbane.meter.state import Hold, Trip
from umbane.meter.units import MS_PER_SECOND, NEVER
from umbane.meter.work import Work
from umbane.sts import Flag

__all__ = ["next_trip", "reclose", "unlock", "watch_limits"]

DISCONNECT_ON_POWER_LIMIT = 1 << Flag.DISCONNECT_ON_POWER_LIMIT


def watch_limits(work: Work, load: Load) -> None:
    """Compare the load that flows with the limits."""
    state = work.state
    trip, cause = state.trip, exceeded(work, load)
    if cause is None:
        if trip.since is not None:
            state.trip = trip._replace(since=None)
        return
    since = state.uptime if trip.since is None else trip.since
    if state.uptime - since < work.config.trips.delay_s * MS_PER_SECOND:
        state.trip = trip._replace(since=since, cause=cause)
    else:
        open_for_limit(work, cause)


def exceeded(work: Work, load: Load) -> Hold | None:
    """Which limit this load exceeds, if any. A limit of 0 W is taken at its word: that is a choice."""
    state = work.state
    if not state.flags & DISCONNECT_ON_POWER_LIMIT:
        return None
    if state.mpl is not None and load.total > state.mpl:
        return Hold.OVERLOAD
    if state.mppul is not None and load.unbalance > state.mppul:
        return Hold.UNBALANCE
    return None


def open_for_limit(work: Work, cause: Hold) -> None:
    """Count a trip, and set when the switch closes again, or that it doesn't."""
    state, plan, trip = work.state, work.config.trips, work.state.trip
    forgotten = state.uptime - trip.last > plan.forget_after_s * MS_PER_SECOND
    count = 1 if forgotten else trip.trips + 1
    locked = count > plan.recloses
    recloses = None if locked else state.uptime + plan.reclose_after_s * MS_PER_SECOND
    state.trip = Trip(None, cause, count, state.uptime, recloses, locked)
    work.note(EventKind.LIMIT_LOCKED if locked else EventKind.LIMIT_TRIPPED, cause.words)


def reclose(work: Work) -> None:
    """Let the switch close again when its time has come."""
    state = work.state
    if state.trip.recloses is not None and state.uptime >= state.trip.recloses:
        state.trip = state.trip._replace(recloses=None)


def unlock(work: Work) -> None:
    """Release the lock after too many trips; the count starts again."""
    if work.state.trip.locked:
        work.state.trip = Trip(last=work.state.trip.last)
        work.note(EventKind.LOCK_RELEASED)


def next_trip(work: Work) -> int:
    """Milliseconds until the switch opens or closes because of a limit, if the load stays; NEVER if it doesn't."""
    state = work.state
    if state.trip.recloses is not None:
        return state.trip.recloses - state.uptime
    if state.trip.since is not None:
        return state.trip.since + work.config.trips.delay_s * MS_PER_SECOND - state.uptime
    return NEVER
