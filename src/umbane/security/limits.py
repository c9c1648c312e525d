"""What a module may do with each of its keys, when, and how much: as the key load files and top-up orders say.

Uses and times come with the keys. Ceilings are in the journal, so that nobody raises one by putting an older key store
back: an entry for each time one was set, of which the last counts.

The journal has the time of day, too, hour by hour, and whenever a key's time ended: it was never earlier after that,
whatever the clock says. So a key that is over stays over. Who holds the clock from the first moment on isn't found out.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from umbane.errors import UmbaneError
from umbane.security.chain import Entry
from umbane.security.counting import Counters, Use, key_name, key_words, tally
from umbane.security.documents import instant, instant_text
from umbane.security.errors import QuotaError, UnauthorisedError
from umbane.security.loadfile import KeyGrant, KeyUse
from umbane.security.models import KeyCount, Quota, VendingKeyName
from umbane.security.orders import Order

__all__ = ["CLOCK", "QUOTA", "Limits", "quota_entry"]

QUOTA: Final = "quota"
CLOCK: Final = "clock"
"""What the entries of a ceiling and of the time of day begin with."""
OFTEN: Final = timedelta(hours=1)
"""How long an entry of the time of day is enough."""
NONE: Final = "-"
UNLIMITED: Final = Quota()

REFUSALS: Final = (QuotaError, UnauthorisedError)
USE_OF_CLASS: Final = {"0": KeyUse.CREDIT, "2": KeyUse.ENGINEERING}
"""Tokens of class 1 are under no key, and are not asked about."""


class Limits:
    """The limits of a module's keys; without any, every key may do everything."""

    def __init__(self, grants: Iterable[KeyGrant] = ()) -> None:
        self.ceilings: dict[str, Quota] = {}
        self.seen = datetime.min.replace(tzinfo=UTC)
        self.hold(grants)

    @property
    def is_any(self) -> bool:
        """Whether there are any limits at all."""
        return bool(self.grants or self.ceilings)

    def hold(self, grants: Iterable[KeyGrant]) -> None:
        """Know of what may be done with keys, and of nothing that was said before."""
        self.grants = {key_words(grant.name): grant for grant in grants}

    def note(self, words: list[str]) -> None:
        """Know of a ceiling that the journal has; one without limits is none."""
        *name, tokens, units = words
        key, quota = " ".join(name), Quota(read_limit(tokens), read_limit(units))
        if quota == UNLIMITED:
            self.ceilings.pop(key, None)
        else:
            self.ceilings[key] = quota

    def note_clock(self, words: list[str]) -> None:
        """Know of a time of day that the journal has."""
        self.seen = max(self.seen, instant(words[0]))

    def clock_entries(self, now: datetime) -> list[Entry]:
        """What the journal is to know of the time of day, if it doesn't yet."""
        is_over = any(self.seen < grant.issue_until <= now for grant in self.grants.values())
        return [Entry(0, f"{CLOCK} {instant_text(now)}")] if is_over or now >= self.seen + OFTEN else []

    def quotas(self) -> dict[VendingKeyName, Quota]:
        """The ceilings of all keys that have one."""
        return {key_name(words): quota for words, quota in self.ceilings.items()}

    def refusals(self, asked: Sequence[tuple[Order, int]], counters: Counters, now: datetime) -> dict[int, UmbaneError]:
        """Which of these requests are refused, by their ids, when they come in this order.

        Args:
            asked: what would be made, and how many tokens that is.
            counters: how far each key is.
            now: the moment.
        """
        sums = tally((order.text, made) for order, made in asked)
        after = counters.after(sums)
        try:
            for use in sums:  # if all together are allowed, each of them is
                self.require_allowed(use, after[use.key], now)
        except REFUSALS:
            return self.refusals_in_turn(asked, counters, now)
        return {}

    def refusals_in_turn(
        self, asked: Sequence[tuple[Order, int]], counters: Counters, now: datetime
    ) -> dict[int, UmbaneError]:
        """The same, one request after the other."""
        refused: dict[int, UmbaneError] = {}
        ahead = Counters()
        ahead.counts |= counters.counts
        for order, made in asked:
            sums = tally([(order.text, made)])
            (use,), after = sums, ahead.after(sums)
            try:
                self.require_allowed(use, after[use.key], now)
            except REFUSALS as error:
                refused[order.id] = error
            else:
                ahead.counts |= after
        return refused

    def require_allowed(self, use: Use, after: KeyCount, now: datetime) -> None:
        """Refuse what keys may not be used for, not now, or not so far.

        Raises:
            UnauthorisedError: they may not.
            QuotaError: the counter of a key would be beyond its ceilings.
        """
        if use.new:
            self.require_authorised(use.key, KeyUse.CHANGE_FROM, now)
            self.require_authorised(use.new, KeyUse.CHANGE_TO, now)
        else:
            self.require_authorised(use.key, USE_OF_CLASS.get(use.token_class), now)
        self.require_within(use, after)

    def require_authorised(self, words: str, use: KeyUse | None, now: datetime) -> None:
        """Refuse what a key may not be used for, or not now.

        Raises:
            UnauthorisedError: it may not.
        """
        grant = self.grants.get(words)
        if grant is None:
            return
        named = titled(words)
        if use is not None and use not in grant.uses:
            raise UnauthorisedError(f"{named} may not be used for {use} by this module")
        if now < grant.active_from:
            raise UnauthorisedError(f"{named} may be used only from {instant_text(grant.active_from)}")
        if now >= grant.issue_until:
            until, it_is = instant_text(grant.issue_until), instant_text(now)
            raise UnauthorisedError(f"{named} could be used until {until}, and it is {it_is}: load a newer file")

    def require_within(self, use: Use, after: KeyCount) -> None:
        """Refuse what is beyond the ceilings of a key.

        Raises:
            QuotaError: it is.
        """
        most_tokens, most_units = self.ceilings.get(use.key, UNLIMITED)
        if most_tokens is not None and after.tokens > most_tokens:
            raise QuotaError(f"{titled(use.key)} may make {most_tokens} tokens in all: have its quota topped up")
        if most_units is None:
            return
        if after.units > most_units:
            raise QuotaError(
                f"{titled(use.key)} may make {most_units} units of credit in all: have its quota topped up"
            )
        if use.is_currency:
            raise QuotaError(f"{titled(use.key)} makes no credit in currency, for its quota is in units")


def titled(words: str) -> str:
    """What to call a key in an error."""
    return f"the key for {key_name(words)}"


def quota_entry(name: VendingKeyName, quota: Quota) -> Entry:
    """A ceiling as the journal has it."""
    tokens, units = (NONE if limit is None else str(limit) for limit in quota)
    return Entry(0, f"{QUOTA} {key_words(name)} {tokens} {units}")


def read_limit(text: str) -> int | None:
    """One of the limits of an entry."""
    return None if text == NONE else int(text)
