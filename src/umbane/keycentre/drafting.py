"""Ceremony files written by the machine, for an hour in which nobody has the calm; they are reviewed all the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import indent
from typing import Final

from umbane.errors import InputError
from umbane.keycentre.kens import has_tids
from umbane.keycentre.plan import write_plan
from umbane.keycentre.steps import BASE_DATES
from umbane.keycentre.store import Centre
from umbane.security import ModuleCard

__all__ = ["draft_compromise", "draft_enrol"]

LIFE: Final = timedelta(days=5 * 365)
"""Of the new key."""
LATER: Final = timedelta(days=365)
"""After the campaign modules go on for so long, with the new key and leading meters away from the old one."""
ON_THE_WAY: Final = timedelta(days=14)
"""Time for the files to reach their modules."""


def draft_enrol(card: bytes) -> str:
    """The step of a ceremony file that takes a module in.

    Args:
        card: the text of its card.

    Raises:
        DocumentError, ModuleNameError: it is none.
    """
    known = ModuleCard.read(card)
    text = indent(known.text().decode("ascii"), " " * 6)
    return f"  - do: enrol\n    fingerprint: {known.fingerprint}\n    card: |\n{text}"


def draft_compromise(  # noqa: PLR0913 - what an answer to a compromise consists of
    centre: Centre,
    key: str,
    *,
    reason: str,
    people: Sequence[str],
    days: int,
    tokens: int,
    units: int,
    at: datetime,
) -> str:
    """The ceremony file that answers a compromise.

    Args:
        centre: as it stands.
        key: the label of the key.
        reason: what happened.
        people: the two who will confirm each step.
        days: how long meters still take tokens under the old key, at least, and vending may sell under it.
        tokens: how many each module may make with the new key.
        units: the same for credit, in steps of 0.1 kWh.
        at: the moment.

    Raises:
        InputError: what was given can't be in a ceremony file.
        ForbiddenError: there is no such key.
    """
    old = centre.register().key(key)
    if old.expires <= at + timedelta(days=1):
        raise InputError("KEY", f"{key} expires on {old.expires:%Y-%m-%d}", "name one that lasts")
    until = (at + timedelta(days=days)).date()
    later = (year for year, base in BASE_DATES.items() if base.start >= old.base_date.start)
    step = {
        "do": "compromise",
        "key": key,
        "reason": reason,
        "base_date": next(year for year in later if has_tids(BASE_DATES[year], at + LIFE)),
        "old_until": until,
        "expires": (at + LIFE).date(),
        "limits": {"tokens": tokens, "units": units, "issue_until": until + LATER},
        "files_expire_at": (at + ON_THE_WAY).date(),
        "cut_off": until,
    }
    plan = {
        "ceremony": f"Compromise of {key}",
        "centre": centre.card.name,
        "realm": str(centre.card.realm),
        "head": centre.head,
        "confirming": list(people),
        "steps": [step],
    }
    return write_plan(plan).decode()
