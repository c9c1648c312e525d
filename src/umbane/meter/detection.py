"""How the meter notices interference, and that a phase is missing."""

from umbane.meter.events import EventKind
from umbane.meter.load import Load
from umbane.meter.tamper import NO_TAMPER, Tamper
from umbane.meter.work import Work
from umbane.sts import Flag

__all__ = ["clear_tampers", "detect", "sense", "watch_current", "watch_phases"]

DETECT_TAMPER = 1 << Flag.DETECT_TAMPER


def detect(work: Work, tampers: Tamper) -> None:
    """Latch conditions that the meter looks for, unless it was told by a token not to."""
    state = work.state
    fresh = tampers & work.config.tamper.detects & ~state.latched
    if fresh and state.flags & DETECT_TAMPER:
        state.latched |= fresh
        work.note(EventKind.TAMPER_DETECTED, fresh.words)


def sense(work: Work, tamper: Tamper, *, present: bool) -> None:
    """A sensor says that a condition begins or ends."""
    state = work.state
    state.present = state.present | tamper if present else state.present & ~tamper
    if present and covers_seen(work):
        detect(work, tamper)


def covers_seen(work: Work) -> bool:
    """Whether the sensors work: they live on the clock's battery when there are no mains."""
    return work.state.powered or work.state.clock.battery_ms > 0


def clear_tampers(work: Work) -> None:
    """Forget what was detected; what a sensor still reports is detected again at once."""
    state = work.state
    if state.latched:
        work.note(EventKind.TAMPER_CLEARED, state.latched.words)
    state.latched = NO_TAMPER
    detect(work, state.present)


def watch_current(work: Work, load: Load) -> None:
    """Look at the current that flows: which way it goes, and whether all of it comes back by the neutral."""
    if load.is_plain:
        return
    tampers = NO_TAMPER
    if any(load.exported) and not work.config.tamper.export_allowed:
        tampers |= Tamper.REVERSE_ENERGY
    if not load.neutral_connected:
        tampers |= Tamper.NEUTRAL_MISSING
    if bypassed(work, load):
        tampers |= Tamper.BYPASS
    if tampers:
        detect(work, tampers)


def bypassed(work: Work, load: Load) -> bool:
    """Whether phase and neutral differ by more than they may; told apart only with a single phase."""
    if load.neutral_milliamps is None or len(load.watts) > 1:
        return False
    difference = abs(load.neutral_milliamps - load.milliamps(work.config.volts))
    return difference > work.config.tamper.mismatch_milliamps


def watch_phases(work: Work, load: Load) -> None:
    """Write down when a phase goes and when all are back."""
    state = work.state
    gone = [phase for phase in load.lost_phases if phase not in state.lost]
    state.lost = load.lost_phases
    if gone:
        work.note(EventKind.PHASE_LOST, ", ".join(f"L{phase}" for phase in gone))
    elif not state.lost:
        work.note(EventKind.PHASES_BACK)
