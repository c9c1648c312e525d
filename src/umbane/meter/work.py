"""A step under way: the state it makes, and what happened so far."""

from dataclasses import dataclass, field

from umbane.meter.clock import reading
from umbane.meter.config import MeterConfig
from umbane.meter.events import Event, EventKind
from umbane.meter.state import Log, State
from umbane.sts import StaTables

__all__ = ["Work"]


@dataclass(slots=True)
class Work:
    """What every part of a step is given.

    Attributes:
        config: the meter as it was made.
        tables: the EA07 tables it has.
        state: a copy of the state before; the step changes it as it likes.
        events: what happened in this step.
    """

    config: MeterConfig
    tables: StaTables = field(repr=False)
    state: State
    events: list[Event] = field(default_factory=list)

    def note(self, kind: EventKind, detail: str = "") -> None:
        """Write an event into the log."""
        state = self.state
        log = state.log
        clock = reading(state.clock, self.config.clock.drift_ppm, state.time) if state.clock.right else None
        event = Event(log.sequence + 1, state.time, clock, kind, detail)
        state.log = Log(event.sequence, log.events.extend([event]))
        self.events.append(event)
