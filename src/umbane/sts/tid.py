"""TokenIdentifiers: the minute a token was issued, counted from a base date in 24 bits (IEC 62055-41 6.3.5)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Self

from umbane.errors import shown
from umbane.sts.checks import require_int, require_type, require_types
from umbane.sts.errors import KeyExpiredError, StsInputError, TidError
from umbane.sts.parameters import KEN, BaseDate

__all__ = ["LAST_TID", "TID", "require_unexpired"]

LAST_TID: Final = 0xFFFFFF
"""The last minute of a base date: 16 777 215 minutes are 31 years, 328 days, 20 hours and 15 minutes."""

MINUTE: Final = timedelta(minutes=1)
MINUTES_OF_DAY: Final = 1440
RESERVED_MINUTE: Final = 1
"""Minute of the day, 00:01, that only special tokens may carry (6.3.5.2)."""

KEN_SHIFT: Final = 16
"""A KEN is compared with the TID's bits above these."""


def require_aware(when: object) -> datetime:
    """Return ``when`` if it is a datetime with a time zone; StsInputError otherwise."""
    if not isinstance(when, datetime) or when.utcoffset() is None:
        raise StsInputError(
            "time of issue", f"{shown(when)} is not a moment with a time zone", "give an aware datetime"
        )
    return when


def wall_minutes(when: datetime, base: BaseDate, zone: tzinfo) -> int:
    """Whole minutes from the base date to ``when`` on the clocks of ``zone``, seconds dropped."""
    require_types((base, BaseDate), (zone, tzinfo))
    try:
        local = require_aware(when).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise StsInputError("time of issue", f"{shown(when)} is at the end of time", "give an ordinary date") from None
    return (local - base.start) // MINUTE


def ordinary(minutes: int) -> int:
    """The minute that an ordinary token of ``minutes`` carries: 00:01 gives way to 00:02 (6.3.5.2)."""
    return minutes + 1 if minutes % MINUTES_OF_DAY == RESERVED_MINUTE else minutes


def within(minutes: int, base: BaseDate) -> int:
    """Return ``minutes`` if they fit 24 bits, or raise the error that says which base date was left."""
    if 0 <= minutes <= LAST_TID:
        return minutes
    first, last = base.start, base.start + LAST_TID * MINUTE
    raise TidError(
        "TID",
        f"base date {base} counts only from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}",
        "give a moment within, or change the meter to a key of another base date",
    )


@dataclass(frozen=True, slots=True, order=True)
class TID:
    """A TokenIdentifier: minutes since a base date, 0-16 777 215.

    Which base date, and on whose clocks, isn't in the token: the key says the first, the utility the second.
    The standard counts in UTC; older systems count local time, so every conversion takes a ``zone``.
    """

    minutes: int

    def __post_init__(self) -> None:
        require_int("TID", self.minutes, 0, LAST_TID)

    @classmethod
    def at(cls, when: datetime, base: BaseDate, *, zone: tzinfo = UTC) -> Self:
        """The TID of an ordinary token issued at ``when``; 00:01 gives way to 00:02 (6.3.5.2).

        Args:
            when: an aware moment; its seconds are dropped.
            base: the base date of the key that will encrypt the token.
            zone: whose clocks count the minutes.

        Raises:
            StsInputError: ``when`` has no time zone, or one of the others is of another type.
            TidError: ``when`` lies outside the base date's 24 bits.
        """
        return cls(within(ordinary(wall_minutes(when, base, zone)), base))

    @classmethod
    def special(cls, when: datetime, base: BaseDate, *, zone: tzinfo = UTC) -> Self:
        """The SpecialReservedTokenIdentifier of the day of ``when``: its minute 00:01 (6.3.5.2).

        A meter takes one token with it a day; the caller sees to it that only one is issued. Arguments and errors
        are those of ``at``.
        """
        minutes = wall_minutes(when, base, zone)
        return cls(within(minutes - minutes % MINUTES_OF_DAY + RESERVED_MINUTE, base))

    @classmethod
    def following(cls, when: datetime, base: BaseDate, last: "TID | None", *, zone: tzinfo = UTC) -> Self:
        """The TID of the next ordinary token for a meter whose last one was ``last``.

        The minute of ``when``; or, when that is taken or the clock was put back, the minute after ``last``:
        no TID repeats for one key. Several tokens of one minute so take the minutes after it.

        Args:
            when: an aware moment; its seconds are dropped.
            base: the base date of the key that will encrypt the token.
            last: the highest TID issued so far under the same key, special ones apart; None for none.
            zone: whose clocks count the minutes.

        Raises:
            StsInputError: as ``at``; or ``last`` is something else.
            TidError: the minutes of the base date are used up.
        """
        wanted = cls.at(when, base, zone=zone)
        return wanted if last is None or require_type("last TID", last, TID) < wanted else cls.after(last, base)

    @classmethod
    def after(cls, last: "TID", base: BaseDate) -> Self:
        """The TID of the next ordinary token when the clock isn't ahead of the last one: the minute after it.

        Raises:
            TidError: the minutes of the base date are used up.
        """
        return cls(within(ordinary(last.minutes + 1), base))

    def time(self, base: BaseDate, *, zone: tzinfo = UTC) -> datetime:
        """The moment that this TID stands for, as an aware datetime in ``zone``.

        Of an hour that the clocks of ``zone`` go through twice, the first.
        """
        require_types((base, BaseDate), (zone, tzinfo))
        return (base.start + self.minutes * MINUTE).replace(tzinfo=zone)

    @property
    def is_special(self) -> bool:
        """Whether this is the reserved minute 00:01 of its day."""
        return self.minutes % MINUTES_OF_DAY == RESERVED_MINUTE

    def beyond(self, ken: KEN) -> bool:
        """Whether a key with this KEN has expired at this TID: the top eight bits exceed it (6.5.2.6).

        The standard's prose speaks of units of 65 535 minutes; the top byte, 65 536, is what its tests use.
        """
        return self.minutes >> KEN_SHIFT > require_type("KEN", ken, KEN).value


def require_unexpired(ken: KEN, tid: TID) -> None:
    """Refuse to use a key beyond its KEN.

    Raises:
        KeyExpiredError: the TID lies beyond.
    """
    if require_type("TID", tid, TID).beyond(ken):
        raise KeyExpiredError(
            f"KEN {ken} ended with TID {(ken.value + 1 << KEN_SHIFT) - 1}, but the token would carry {tid.minutes}: "
            "change the meter to a key that has not expired"
        )
