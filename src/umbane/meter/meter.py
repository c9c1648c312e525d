"""The virtual payment meter: a thin holder of a state, replaced by the next one when a step is complete."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

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
from umbane.meter.birth import milliseconds, new_state, time_of
from umbane.meter.config import MeterConfig, require_tariff
from umbane.meter.errors import MeterInputError, require_int
from umbane.meter.events import Event
from umbane.meter.link import LinkState, require_link
from umbane.meter.load import NO_LOAD, Load
from umbane.meter.results import TokenOutcome
from umbane.meter.snapshot import Snapshot, read_snapshot, write_snapshot
from umbane.meter.soundness import LAST_TIME
from umbane.meter.stepping import step
from umbane.meter.tamper import BY_SENSOR, Tamper
from umbane.meter.tariff import MeterTariff
from umbane.meter.view import MeterView
from umbane.sts import SAMPLE_TABLES, DecoderKey, EncodedToken, StaTables

__all__ = ["Meter"]


class Meter(MeterView):
    """A prepayment meter under IEC 62055-41. Everything about it is simulated but the token processing.

    Args:
        config: how it was made.
        key: the decoder key in it.
        start: when it is switched on; its clock is right then.
        manufactured: fills its memory of TIDs (older tokens are OldError); None: the day before ``start``.
        tids: or the memory itself, for tests.
        tables: the EA07 tables in it.

    Raises:
        MeterInputError: a value is wrong; the error names it.
    """

    __slots__ = ("tables",)

    def __init__(  # noqa: PLR0913 - the last three are for special meters
        self,
        config: MeterConfig,
        key: DecoderKey,
        start: datetime,
        *,
        manufactured: datetime | None = None,
        tids: Sequence[int] | None = None,
        tables: StaTables = SAMPLE_TABLES,
    ) -> None:
        super().__init__(config, new_state(config, key, start, manufactured=manufactured, tids=tids))
        self.tables = tables

    def __repr__(self) -> str:
        return f"Meter({self.config.pan})"

    def do(self, action: Action) -> tuple[Event, ...]:
        """Let something happen; the state changes only when all of it has."""
        done = step(self.config, self.state, action, self.tables)
        self.state = done.state
        return done.events

    def enter(self, token: str | EncodedToken) -> TokenOutcome:
        """Type a token; spaces and dashes are skipped. A wrong one is answered, never raised."""
        done = step(self.config, self.state, EnterToken(token), self.tables)
        self.state = done.state
        outcome = done.outcome
        assert outcome is not None  # noqa: S101 - every token is answered
        return outcome

    def advance(self, time: timedelta | datetime, load: Load | None = None) -> tuple[Event, ...]:
        """Let time pass, with a load on the terminals.

        Args:
            time: for how long, in whole ms, or until when (aware). Not backwards.
            load: what the appliances want; build it once and use it again. None: nothing is switched on.

        Returns:
            What happened, each event with its exact instant.

        Raises:
            MeterInputError: the time runs backwards or too far, or the load has another number of phases.
        """
        until = time_of("time", time) if isinstance(time, datetime) else self.state.time + milliseconds("time", time)
        require_int("time", until, self.state.time, LAST_TIME)
        phases = len(self.state.drawing)
        wanted = NO_LOAD[phases] if load is None else load
        if len(wanted.watts) != phases:
            raise MeterInputError("load", f"it has {len(wanted.watts)} phases, the meter {phases}", "give as many")
        return self.do(PassTime(until, wanted))

    def cut_power(self) -> tuple[Event, ...]:
        """The mains go; ``advance`` is then the outage."""
        return self.do(CutPower())

    def return_power(self) -> tuple[Event, ...]:
        """The mains come back."""
        return self.do(ReturnPower())

    def sense(self, tamper: Tamper, *, present: bool) -> tuple[Event, ...]:
        """A sensor (magnetic field, terminal cover, meter cover) reports that its condition begins or ends."""
        if tamper & ~BY_SENSOR:
            raise MeterInputError("tamper", "no sensor of its own reports it", "show it to the meter by the load")
        return self.do(Sense(tamper, present))

    def press_button(self) -> tuple[Event, ...]:
        """Press the button that closes the switch after too many trips."""
        return self.do(PressButton())

    def take_emergency_credit(self) -> tuple[Event, ...]:
        """Ask for emergency credit; no event means that there was none to have."""
        return self.do(TakeEmergencyCredit())

    def set_clock(self, when: datetime) -> tuple[Event, ...]:
        """Set the clock; no event means that the meter has no power."""
        return self.do(SetClock(require_int("clock", time_of("clock", when), 0, LAST_TIME)))

    def set_tariff(self, tariff: MeterTariff) -> tuple[Event, ...]:
        """Give the meter new prices and rates from now on; no event means that it has no power.

        Raises:
            MeterInputError: it has more rates than the meter was made for.
        """
        return self.do(SetTariff(require_tariff(tariff, self.config)))

    def replace_battery(self) -> tuple[Event, ...]:
        """Put a new battery in."""
        return self.do(ReplaceBattery())

    def set_link(self, link: LinkState) -> tuple[Event, ...]:
        """Change the line between the meter and its keypad unit."""
        return self.do(SetLink(require_link(link)))

    def snapshot(self, *, include_key: bool = False) -> Snapshot:
        """Everything about the meter as JSON values; the key's bits only when asked for."""
        return write_snapshot(self.config, self.state, include_key=include_key)

    @classmethod
    def restore(cls, data: object, *, key: DecoderKey | None = None, tables: StaTables = SAMPLE_TABLES) -> Self:
        """The meter of a snapshot, which goes on as if nothing had been.

        Args:
            data: what ``snapshot`` gave, as read back from JSON.
            key: the meter's decoder key, unless the snapshot holds it.
            tables: the EA07 tables in the meter; a snapshot never holds them.

        Raises:
            SnapshotError: it is truncated, was changed, or belongs to another key; the error names the field.
        """
        config, state = read_snapshot(data, key, tables)
        meter = cls.__new__(cls)
        MeterView.__init__(meter, config, state)
        meter.tables = tables
        return meter
