"""Steps and what came of them, in words that can be read aloud in the room."""

from datetime import datetime
from typing import Final, assert_never

from umbane.keycentre.expanding import ANY
from umbane.keycentre.kens import ken_end
from umbane.keycentre.register import Outcome, Register
from umbane.keycentre.steps import (
    BASE_DATES,
    Audit,
    Campaign,
    Enrol,
    Expire,
    Found,
    Generate,
    Grant,
    Import,
    KeyTerms,
    Load,
    NewShares,
    Revoke,
    SetState,
    SimpleStep,
    TopUpModule,
)
from umbane.security import ModuleCard
from umbane.sts import KEN

__all__ = ["described", "told"]

WHAT: Final = {"VDDK": "a default key", "VUDK": "a unique key", "VCDK": "a common key"}


def moment(when: datetime) -> str:
    """A moment as people read it."""
    return f"{when:%d %B %Y, %H:%M} UTC".removeprefix("0")


def described(  # noqa: C901, PLR0911 - one answer for each step
    step: SimpleStep, register: Register
) -> list[str]:
    """What a step is about to do, line by line."""
    match step:
        case Found() | NewShares():
            verb = "Found the centre" if isinstance(step, Found) else "Make another master key"
            first = f"{verb}, and give a share to each of {len(step.custodians)} custodians:"
            last = f"From then on any {step.threshold} of them open the centre together, and fewer can't."
            return [first, *(f"  {n}. {name}" for n, name in enumerate(step.custodians, 1)), last]
        case Generate():
            return [f"Make a new vending key, {step.key}, by chance.", *terms(step)]
        case Import():
            papers = f"from {len(step.components)} components on paper, each typed by the person who has it:"
            parts = [f"  {part.holder}, with the check value {spelled(part.check)}" for part in step.components]
            whole = f"  together they have the check value {spelled(step.check_value)}"
            return [f"Put the vending key {step.key} together {papers}", *parts, whole, *terms(step)]
        case SetState():
            now = register.key(step.key).state
            return [
                f"The key {step.key} is {now}. Make it {step.to}.",
                f"  because: {step.reason}",
                *last_warning(step),
            ]
        case Expire():
            return shorter(step, register)
        case Enrol():
            name = ModuleCard.read(step.card.encode("ascii", "replace")).name
            return [f"Take in the module {name}. The fingerprint of its card is", f"  {step.fingerprint}"]
        case Audit():
            line = (
                f"Note that {step.by} looked at the module {step.module}; it counts until {moment(step.valid_until)}."
            )
            return [line, f"  report: {step.report}"]
        case Revoke():
            return [f"Send nothing to the module {step.module} any more.", f"  because: {step.reason}"]
        case Load():
            expires = f"It can be loaded until {moment(step.expires_at)}."
            lines = [line for grant in step.keys for line in granted(grant)]
            return [f"Write a key load file that only the module {step.module} can open:", *lines, expires]
        case TopUpModule():
            more = f"{step.tokens:,} more tokens and {kwh(step.units)} more credit"
            return [f"Let the module {step.module} make {more} with the key {step.key}."]
        case Campaign():
            first = f"Write the plan for vending: all meters go from {step.from_key} to {step.to_key}."
            return [first, f"  new key only from: {moment(step.cut_off)}", f"  because: {step.reason}"]
        case _:
            assert_never(step)


def terms(step: KeyTerms) -> list[str]:
    """What is fixed about a key."""
    base, ken = BASE_DATES[step.base_date], KEN(step.ken)
    end = "it has no end" if ken.never else f"meters take its tokens until {moment(ken_end(ken, base))}"
    return [
        f"  supply group {step.key[:6]}, revision {step.key[7]}, {WHAT[step.key[9:]]} ({step.key[9:]})",
        f"  algorithm {step.algorithm}, base date {step.base_date}, KEN {step.ken} ({end})",
        f"  active from {moment(step.active_from)}, expires {moment(step.expires)}",
    ]


def last_warning(step: SetState) -> list[str]:
    """What can't be taken back."""
    return ["  Its bits are gone after this. Backups of before still have them."] if step.to == "destroyed" else []


def shorter(step: Expire, register: Register) -> list[str]:
    """An earlier end of a key."""
    key = register.key(step.key)
    end = moment(ken_end(KEN(step.ken), key.base_date))
    return [f"Give the key {step.key} the KEN {step.ken} instead of {key.ken}: meters take its tokens until {end}."]


def granted(grant: Grant) -> list[str]:
    """A key in a load file."""
    if not grant.uses:
        return [f"  {grant.key}: taken away from it"]
    amount = f"up to {grant.tokens:,} tokens and {kwh(grant.units)} in all"
    much = "as many tokens as it takes" if grant.tokens >= ANY else amount
    return [f"  {grant.key}: for {', '.join(grant.uses)}", f"    {much}, until {moment(grant.issue_until)}"]


def kwh(units: int) -> str:
    """Units of 0.1 kWh in kWh."""
    return f"{units // 10:,}.{units % 10} kWh"


def told(step: SimpleStep, outcome: Outcome) -> str:
    """What came of a step."""
    match step:
        case Generate() | Import():
            return f"Done. The check value of {step.key} is {spelled(outcome['check'])}."
        case Load() | TopUpModule() | Campaign():
            return f"Done. The file is {outcome['file']}, and its hash begins with {spelled(outcome['sha256'][:8])}."
        case _:
            return "Done."


def spelled(digits: str) -> str:
    """Digits in groups of two, for reading aloud."""
    return " ".join(digits[start : start + 2] for start in range(0, len(digits), 2))
