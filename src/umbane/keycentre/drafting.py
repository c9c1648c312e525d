"""Ceremony files written by the machine, for an hour in which nobody has the calm; they are reviewed all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from textwrap import indent
from typing import Any, Final

from umbane.errors import InputError
from umbane.keycentre.expanding import next_label
from umbane.keycentre.kens import has_tids
from umbane.keycentre.plan import write_plan
from umbane.keycentre.steps import BASE_DATES
from umbane.keycentre.store import Centre
from umbane.security import KeyUse, ModuleCard

__all__ = ["NextKey", "draft_compromise", "draft_enrol", "draft_rotation"]

Fields = dict[str, Any]

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


@dataclass(frozen=True, slots=True)
class NextKey:
    """What is wanted of the next revision of a key.

    Attributes:
        key: the label of the old one.
        reason: why.
        people: the two who will confirm each step.
        days: how long meters still take tokens under the old key, at least, and vending may sell under it.
        tokens: how many each module may make with the new key.
        units: the same for credit, in steps of 0.1 kWh.
    """

    key: str
    reason: str
    people: Sequence[str]
    days: int
    tokens: int
    units: int


def draft_compromise(centre: Centre, wanted: NextKey, at: datetime) -> str:
    """The ceremony file that answers a compromise.

    Args:
        centre: as it stands.
        wanted: which key, and what is to take its place.
        at: the moment.

    Raises:
        InputError: what was given can't be in a ceremony file.
        ForbiddenError: there is no such key.
    """
    times = {"files_expire_at": (at + ON_THE_WAY).date(), "cut_off": last_day(wanted, at)}
    step = {"do": "compromise", "reason": wanted.reason, **terms(centre, wanted, at), "limits": limits(wanted, at)}
    return written(centre, wanted, f"Compromise of {wanted.key}", [step | times])


def draft_rotation(centre: Centre, wanted: NextKey, at: datetime) -> str:
    """The ceremony file that lets a key be followed by its next revision; the old one stays in use for a time.

    Arguments and errors are those of ``draft_compromise``.
    """
    register = centre.register()
    new = next_label(register.key(wanted.key), register)
    load = {"key": new, "uses": [str(use) for use in KeyUse], **limits(wanted, at)}
    expires = (at + ON_THE_WAY).date()
    steps = [
        {"do": "rotate", **terms(centre, wanted, at), "active_from": at.date()},
        {"do": "state", "key": new, "to": "active", "reason": wanted.reason},
        *({"do": "load", "module": it, "keys": [load], "expires_at": expires} for it in register.audited_modules(at)),
        {
            "do": "campaign", "from_key": wanted.key, "to_key": new, "cut_off": last_day(wanted, at),
            "reason": wanted.reason,
        },
    ]  # fmt: skip
    return written(centre, wanted, f"Next revision of {wanted.key}", steps)


def terms(centre: Centre, wanted: NextKey, at: datetime) -> Fields:
    """Which key, until when, and for how long the next one lasts."""
    old = centre.register().key(wanted.key)
    if old.expires <= at + timedelta(days=1):
        raise InputError("KEY", f"{wanted.key} expires on {old.expires:%Y-%m-%d}", "name one that lasts")
    later = (year for year, base in BASE_DATES.items() if base.start >= old.base_date.start)
    return {
        "key": wanted.key,
        "base_date": next(year for year in later if has_tids(BASE_DATES[year], at + LIFE)),
        "old_until": last_day(wanted, at),
        "expires": (at + LIFE).date(),
    }


def last_day(wanted: NextKey, at: datetime) -> date:
    """Until when the old key is used."""
    return (at + timedelta(days=wanted.days)).date()


def limits(wanted: NextKey, at: datetime) -> Fields:
    """What each module may make with the new key."""
    return {"tokens": wanted.tokens, "units": wanted.units, "issue_until": last_day(wanted, at) + LATER}


def written(centre: Centre, wanted: NextKey, title: str, steps: Sequence[Fields]) -> str:
    """A ceremony file for the centre as it stands."""
    plan = {
        "ceremony": title,
        "centre": centre.card.name,
        "realm": str(centre.card.realm),
        "head": centre.head,
        "confirming": list(wanted.people),
        "steps": list(steps),
    }
    return write_plan(plan).decode()
