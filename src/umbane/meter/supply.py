"""The load switch: which reasons hold it open, and what happens when one comes or goes."""

from umbane.meter.calendar import turn_page
from umbane.meter.credit import settle_credit
from umbane.meter.detection import watch_current, watch_phases
from umbane.meter.events import EventKind
from umbane.meter.limits import reclose, watch_limits
from umbane.meter.load import NO_LOAD, Load
from umbane.meter.state import Hold
from umbane.meter.work import Work
from umbane.sts import Flag

__all__ = ["holds_of", "meet_load", "settle", "watch_load"]

DISCONNECT_SERVICE = 1 << Flag.DISCONNECT_SERVICE
DISCONNECT_ON_TAMPER = 1 << Flag.DISCONNECT_ON_TAMPER


def settle(work: Work) -> None:
    """Bring the meter in order with this moment: calendar, credit, switch. Doing it twice changes nothing."""
    state = work.state
    if state.time >= state.calendar.ends:
        turn_page(work)
    settle_credit(work)
    reclose(work)
    switch(work)


def meet_load(work: Work, load: Load) -> None:
    """A load comes to the terminals of a meter that is in order with this moment."""
    if load.lost_phases != work.state.lost:
        watch_phases(work, load)
        switch(work)
    watch_load(work, load)


def watch_load(work: Work, load: Load) -> None:
    """Look at what flows, if the switch is closed; it may have to open at once."""
    state = work.state
    if not state.holds:
        watch_current(work, load)
        watch_limits(work, load)
        switch(work)
    if not state.holds:
        state.drawing = load.watts


def switch(work: Work) -> None:
    """Open or close the load switch."""
    state = work.state
    holds = holds_of(work)
    if holds == state.holds:
        return
    before, state.holds = state.holds, Hold(holds)
    if holds and not before:
        state.drawing = NO_LOAD[work.config.form.phases].watts
        state.trip = state.trip._replace(since=None)
        work.note(EventKind.DISCONNECTED, state.holds.words)
    elif before and not holds:
        work.note(EventKind.CONNECTED)


def holds_of(work: Work) -> int:
    """The reasons that stand now, as the number of a Hold: this is asked too often for anything slower."""
    state = work.state
    trip, holds = state.trip, 0
    if state.standing.exhausted:
        holds |= CREDIT
    if state.latched and state.flags & DISCONNECT_ON_TAMPER:
        holds |= TAMPER
    if trip.recloses is not None:
        holds |= trip.cause.value
    if trip.locked:
        holds |= LOCKED
    if state.lost and work.config.tamper.opens_on_phase_loss:
        holds |= PHASE_LOSS
    if state.flags & DISCONNECT_SERVICE:
        holds |= COMMAND
    return holds


CREDIT, TAMPER, LOCKED, PHASE_LOSS, COMMAND = (
    hold.value for hold in (Hold.CREDIT, Hold.TAMPER, Hold.LOCKED, Hold.PHASE_LOSS, Hold.COMMAND)
)
