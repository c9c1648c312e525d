"""The steps that stand for several others, spelled out. What they come to depends on what the centre knows."""

from datetime import datetime
from typing import Final

from umbane.keycentre.errors import ForbiddenError
from umbane.keycentre.kens import ken_until
from umbane.keycentre.register import KeyEntry, Register
from umbane.keycentre.states import KeyState
from umbane.keycentre.steps import (
    ALGORITHMS,
    BASE_DATES,
    Campaign,
    Compromise,
    Expire,
    Generate,
    Grant,
    Load,
    Rotate,
    SetState,
    SimpleStep,
    key_name,
    label_of,
)
from umbane.security import KeyUse

__all__ = ["ANY", "expanded", "next_label"]

ANY: Final = 10**12
"""More than a module ever makes: with a key that only leads away, it isn't the amount that matters."""

LAST_KRN: Final = 9


def expanded(step: SimpleStep | Rotate | Compromise, register: Register, at: datetime) -> list[SimpleStep]:
    """The steps that one of a ceremony file comes to.

    Raises:
        ForbiddenError: it speaks of a key that isn't there, or nothing could be sent to anybody.
    """
    match step:
        case Rotate():
            return rotation(step, register, at)
        case Compromise():
            return answer(step, register, at)
        case _:
            return [step]


def next_label(old: KeyEntry, register: Register) -> str:
    """The label of the next revision that was never used.

    Raises:
        ForbiddenError: all nine were.
    """
    name = key_name(old.label)
    for _ in range(LAST_KRN - 1):
        name = name._replace(krn=name.krn.following())
        if label_of(name) not in register.keys:
            return label_of(name)
    raise ForbiddenError(f"all nine revisions of {old.label} were used: these meters need another supply group")


def following(step: Rotate | Compromise, register: Register, active_from: datetime) -> Generate:
    """The next revision of a key."""
    old = register.key(step.key)
    year = next(year for year, date in BASE_DATES.items() if date is old.base_date)
    terms = {
        "do": "generate",
        "key": next_label(old, register),
        "algorithm": next(word for word, dkga in ALGORITHMS.items() if dkga is old.dkga),
        "base_date": step.base_date or year,
        "active_from": active_from,
        "expires": step.expires,
    }
    return Generate.model_validate(terms)


def shortened(old: KeyEntry, until: datetime, begins: datetime) -> list[SimpleStep]:
    """Give the old key an end, unless it has one as near.

    Raises:
        ForbiddenError: the new key wouldn't have begun by then.
    """
    if until <= begins:
        raise ForbiddenError(
            f"the old key {old.label} would end before the new one begins: meters need both for a time"
        )
    ken = ken_until(until, old.base_date)
    return [Expire(do="expire", key=old.label, ken=ken.value)] if ken < old.ken else []


def rotation(step: Rotate, register: Register, at: datetime) -> list[SimpleStep]:
    """The next revision, and an end for the old one."""
    new = following(step, register, step.active_from)
    return [new, *shortened(register.key(step.key), step.old_until, max(at, step.active_from))]


def answer(step: Compromise, register: Register, at: datetime) -> list[SimpleStep]:
    """Old key compromised and ending, new key active, files for every audited module, a plan for vending."""
    old = register.key(step.key)
    new = following(step, register, at)
    modules = register.audited_modules(at)
    if not modules:
        raise ForbiddenError("no module has an audit that counts today: audit one first, or nothing can be sent")
    return [
        SetState(do="state", key=old.label, to=KeyState.COMPROMISED, reason=step.reason),
        *shortened(old, step.old_until, at),
        new,
        SetState(do="state", key=new.key, to=KeyState.ACTIVE, reason=f"in place of {old.label}"),
        *(load(step, old, new, name) for name in modules),
        Campaign(do="campaign", from_key=old.label, to_key=new.key, cut_off=step.cut_off, reason=step.reason),
    ]


def load(step: Compromise, old: KeyEntry, new: Generate, module: str) -> Load:
    """The new key in full, and of the old one only the way out."""
    limits, until = step.limits, min(step.limits.issue_until, old.expires)
    uses, away = tuple(KeyUse), (KeyUse.CHANGE_FROM,)
    return Load(
        do="load",
        module=module,
        keys=(
            Grant(key=new.key, uses=uses, tokens=limits.tokens, units=limits.units, issue_until=limits.issue_until),
            Grant(key=old.label, uses=away, tokens=ANY, units=ANY, issue_until=until),
        ),
        expires_at=step.files_expire_at,
    )
