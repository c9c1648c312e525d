"""The journal of a centre: everything that was ever done there, each entry sealed with all before it.

It has no secret in it. Whoever replays it from its first entry comes to the same register and the same last seal, which
is the *head*: eight groups of four digits on the paper of every transcript. A centre that was put back to what it was
last month has last month's head.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final

from pydantic import Discriminator, TypeAdapter

from umbane.errors import UmbaneError
from umbane.keycentre.errors import ForbiddenError, StoreError
from umbane.keycentre.names import as_read, known_as
from umbane.keycentre.register import Outcome, Register
from umbane.keycentre.shares import Custody
from umbane.keycentre.steps import SimpleStep
from umbane.security import CentreCard
from umbane.security.documents import canonical, instant, instant_text

__all__ = ["Entry", "head_of", "read_journal", "replayed", "seal_before", "sealed_entry"]

STEPS: Final[TypeAdapter[SimpleStep]] = TypeAdapter(Annotated[SimpleStep, Discriminator("do")])

CONFIRMING: Final = 2
"""People who confirm a step."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A step that was done."""

    number: int
    """From 1 on."""
    at: datetime
    ceremony: str
    """What stands for the ceremony file."""
    title: str
    shares_of: tuple[str, ...]
    """The custodians who gave their shares."""
    confirmed: tuple[str, ...]
    """The two people who confirmed it."""
    step: SimpleStep
    outcome: Outcome
    seal: str
    """A hash over the seal before and all of this."""

    def fields(self) -> dict[str, Any]:
        """As fields of a document."""
        return {**self.content(), "seal": self.seal}

    def content(self) -> dict[str, Any]:
        """All but the seal."""
        return {
            "number": self.number,
            "at": instant_text(self.at),
            "ceremony": self.ceremony,
            "title": self.title,
            "shares_of": list(self.shares_of),
            "confirmed": list(self.confirmed),
            "step": self.step.model_dump(mode="json"),
            "outcome": dict(self.outcome),
        }


def first_seal(card: CentreCard) -> str:
    """What stands before the first entry of a centre."""
    return sha256(card.text()).hexdigest()


def seal_before(card: CentreCard, entries: Sequence[Entry]) -> str:
    """What the next entry is sealed with."""
    return entries[-1].seal if entries else first_seal(card)


def sealed_entry(before: str, **content: Any) -> Entry:  # noqa: ANN401 - the fields of an Entry
    """An entry with its seal.

    Args:
        before: the seal before it.
        content: the other fields.
    """
    entry = Entry(**content, seal="")
    seal = sha256(before.encode() + canonical(entry.content())).hexdigest()
    return Entry(**content, seal=seal)


def head_of(card: CentreCard, entries: Sequence[Entry]) -> str:
    """Where a centre stands, as people read it."""
    digits = seal_before(card, entries)[:32]
    return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def read_journal(card: CentreCard, texts: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """The entries that a file has, when each fits its seal and goes on from the one before.

    Raises:
        StoreError: one doesn't; the error says which.
    """
    before, entries = first_seal(card), []
    for number, fields in enumerate(texts, 1):
        entry = read_entry(number, before, fields)
        before = entry.seal
        entries.append(entry)
    return tuple(entries)


def read_entry(number: int, before: str, fields: Mapping[str, Any]) -> Entry:
    """One entry."""
    try:
        content = {name: fields[name] for name in ("number", "ceremony", "title", "outcome")}
        entry = sealed_entry(
            before,
            **content,
            at=instant(fields["at"]),
            step=STEPS.validate_python(fields["step"]),
            shares_of=tuple(fields["shares_of"]),
            confirmed=tuple(fields["confirmed"]),
        )
        if entry.number == number and entry.fields() == fields and all(map(as_read, texts_of(entry))):
            return entry
    except (AttributeError, KeyError, ValueError, TypeError, UmbaneError):
        pass
    raise StoreError(f"entry {number} of the journal was altered, or one before it was taken out, put in or moved")


def texts_of(entry: Entry) -> list[str]:
    """What is shown of an entry beside its step: a forged journal must not write on the screen as it likes."""
    told = [text for value in entry.outcome.values() for text in (value if isinstance(value, list) else [value])]
    return [entry.ceremony, entry.title, *entry.shares_of, *entry.confirmed, *told]


def replayed(card: CentreCard, entries: Iterable[Entry]) -> Register:
    """The register that the entries come to.

    Raises:
        StoreError: one of them tells of something that isn't allowed; the error says which, and why.
    """
    register, ceremony, custody, at = Register(card.realm), "", None, None
    for entry in entries:
        if entry.ceremony != ceremony:
            ceremony, custody = entry.ceremony, register.custody
        try:
            require_witnessed(entry, custody, at or entry.at)
            at = entry.at
            register.apply(entry.step, entry.outcome, entry.at)
        except (KeyError, TypeError, ValueError, UmbaneError) as error:
            raise StoreError(f"entry {entry.number} of the journal can't have been done: {error}") from None
    return register


def require_witnessed(entry: Entry, custody: Custody | None, not_before: datetime) -> None:
    """Refuse a step that too few people took part in, or that was done before the one before it.

    Args:
        entry: the step.
        custody: who had shares when its ceremony began; nobody at a founding.
        not_before: when the step before it was done.
    """
    if len(set(map(known_as, entry.confirmed))) != CONFIRMING:
        raise ForbiddenError("two people have to confirm a step")
    if custody and len({*entry.shares_of} & {*custody.custodians}) < custody.threshold:
        raise ForbiddenError(f"it takes the shares of {custody.threshold} custodians")
    if entry.at < not_before:
        raise ForbiddenError("the step before it was done later")
