"""Moments that people write: with their offset, and within the time that databases and calendars have."""

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta

from umbane.errors import InputError

__all__ = ["EPOCH", "Moment", "checked", "is_ours"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_YEAR: Final = 9000

Moment = Annotated[datetime, Meta(tz=True)]


def is_ours(moment: datetime) -> bool:
    """Whether anything can be kept or looked for at a moment."""
    return EPOCH.year <= moment.year < LAST_YEAR


def checked(field: str, moment: datetime) -> datetime:
    """A moment that can be kept or looked for.

    Raises:
        InputError: nothing ever is around it.
    """
    if not is_ours(moment):
        raise InputError(field, "that is no time of ours", f"give a moment between {EPOCH.year} and {LAST_YEAR}")
    return moment
