"""Everything about a meter that changes in its life.

The parts are immutable. The ``State`` that holds them is copied at the start of every step and swapped in when the
step is complete, so a power cut finds the meter before the step or after it, never in between. (The parts are named
tuples, and not dataclasses, because a fleet makes millions of them and they are three times as fast to make.)
"""

from dataclasses import dataclass, fields
from enum import IntFlag
from operator import attrgetter
from typing import NamedTuple

from umbane.meter.accounts import NO_ACCOUNTS, Accounts
from umbane.meter.events import Event
from umbane.meter.link import CLEAR_LINE, LinkState
from umbane.meter.profile import Profile
from umbane.meter.ring import Ring
from umbane.meter.tamper import NO_TAMPER, Tamper
from umbane.meter.tariff import MeterTariff
from umbane.meter.validation import TidMemory
from umbane.sts import DecoderKey, EncodedToken

__all__ = [
    "NO_HOLD",
    "NO_KEY_CHANGE",
    "NO_LOCKOUT",
    "Calendar",
    "Clock",
    "Energy",
    "Hold",
    "KeyChange",
    "Lockout",
    "Log",
    "Standing",
    "State",
    "Trip",
]


class Hold(IntFlag):
    """A reason why the load switch is open. It closes when there is none left."""

    CREDIT = 1
    TAMPER = 2
    OVERLOAD = 4
    """Above the power limit; it will close again by itself."""
    UNBALANCE = 8
    """Above the phase unbalance limit; it will close again by itself."""
    LOCKED = 16
    """A limit was exceeded too often: until a token is accepted or the button pressed."""
    PHASE_LOSS = 32
    COMMAND = 64
    """A token with the flag DISCONNECT_SERVICE."""

    @property
    def words(self) -> str:
        """The reasons as words."""
        return ", ".join(str(hold.name).lower().replace("_", " ") for hold in Hold if hold in self)


class Clock(NamedTuple):
    """The meter's own clock.

    Attributes:
        since: the true time at which it was last set.
        origin: what it read then, in ms since 1970 UTC.
        right: False from the moment it stopped until it is set.
        battery_ms: how long its battery will yet carry it without mains.
    """

    since: int
    origin: int
    right: bool
    battery_ms: int


class Calendar(NamedTuple):
    """What the clock means, worked out when it changes and kept until then.

    Attributes:
        day: the local day, counted from 1970-01-01; None while the clock isn't right.
        rate: the tariff rate.
        friendly: whether the meter doesn't disconnect for want of credit now.
        ends: the true time at which one of these changes.
    """

    day: int | None = None
    rate: int = 0
    friendly: bool = False
    ends: int = 0


class Energy(NamedTuple):
    """What flowed, in mJ, since the meter was made."""

    imported: tuple[int, ...]
    exported: tuple[int, ...]
    by_rate: tuple[int, ...]


class Standing(NamedTuple):
    """How the paying register stands, and what is collected from it, in its unit of account.

    Attributes:
        exhausted: supply has been stopped for want of credit.
        warning: how many of the low-credit levels have been passed.
        emergency: emergency credit was taken and isn't repaid.
        debt: still owed.
        charges: standing charges that were due and couldn't be paid.
    """

    exhausted: bool = True
    warning: int = 0
    emergency: bool = False
    debt: int = 0
    charges: int = 0


class Trip(NamedTuple):
    """How the power limits were kept. Moments are of ``State.uptime``.

    Attributes:
        since: since when a limit has been exceeded; None: it isn't.
        cause: which limit.
        trips: how many aren't forgotten.
        last: when the last one was.
        recloses: when the switch closes again; None: it isn't open for this.
        locked: it won't close again by itself.
    """

    since: int | None = None
    cause: Hold = Hold.OVERLOAD
    trips: int = 0
    last: int = 0
    recloses: int | None = None
    locked: bool = False


class Lockout(NamedTuple):
    """The keypad's patience: wrong tokens since the last right one, lock-outs so far, locked until (uptime)."""

    wrong: int = 0
    level: int = 0
    until: int = 0


class KeyChange(NamedTuple):
    """The sections of an incomplete key change, still encrypted, and until when they are kept (uptime)."""

    sections: tuple[tuple[int, EncodedToken], ...] = ()
    until: int = 0


class Log(NamedTuple):
    """The event log: how many events there ever were, and the last of them."""

    sequence: int
    events: Ring[Event]


NO_HOLD = Hold(0)
NO_CALENDAR = Calendar()
NO_TRIP = Trip()
NO_LOCKOUT = Lockout()
NO_KEY_CHANGE = KeyChange()


@dataclass(slots=True)
class State:
    """A meter at one moment.

    Attributes:
        time: the true time, in ms since 1970 UTC, which the meter doesn't know.
        uptime: ms that the meter has had power. All its timers count in it: a power cut neither shortens nor ends
            a lock-out.
        present: tamper conditions that sensors report now.
        latched: tamper conditions that were detected and not cleared.
        mpl: maximum power limit in watts; mppul: maximum phase power unbalance limit.
        flags: bit n: flag n of STS 202-5 is on.
        drawing: watts per phase that flow now.
        lost: phases without voltage.
    """

    time: int
    key: DecoderKey
    tids: TidMemory
    clock: Clock
    energy: Energy
    log: Log
    profile: Profile
    tariff: MeterTariff
    flags: int
    mpl: int | None
    mppul: int | None
    standing: Standing
    drawing: tuple[int, ...]
    accounts: Accounts = NO_ACCOUNTS
    calendar: Calendar = NO_CALENDAR
    trip: Trip = NO_TRIP
    lockout: Lockout = NO_LOCKOUT
    key_change: KeyChange = NO_KEY_CHANGE
    link: LinkState = CLEAR_LINE
    present: Tamper = NO_TAMPER
    latched: Tamper = NO_TAMPER
    holds: Hold = Hold.CREDIT
    lost: tuple[int, ...] = ()
    uptime: int = 0
    powered: bool = True

    def copy(self) -> "State":
        """Another holder of the same parts."""
        return State(*parts_of(self))


parts_of = attrgetter(*(item.name for item in fields(State)))
