"""A ceremony tried beforehand, on keys that are thrown away.

The centre's journal is played again with other bits: another identity, other custodians' shares, other keys. Modules
are stood in for by others of the same names, which open what is sent to them. Nothing is written anywhere, and nothing
that comes of it fits the real centre.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from umbane.keycentre.ceremony import Ceremony, Held, custody_outcome, new_custody
from umbane.keycentre.entropy import Entropy
from umbane.keycentre.errors import CheckError
from umbane.keycentre.journal import Entry, seal_before, sealed_entry
from umbane.keycentre.material import new_secret
from umbane.keycentre.plan import plan_hash, read_plan
from umbane.keycentre.register import Outcome, new_entry
from umbane.keycentre.shares import MASTER_KEY, Share
from umbane.keycentre.states import KeyState
from umbane.keycentre.steps import ALGORITHMS, Found, Generate, Import, Load, NewShares, SetState, SimpleStep
from umbane.keycentre.store import NONCE, Centre, Secrets, centre_text, read_centre
from umbane.security import (
    CENTRE_SEED,
    MODULE_SEED,
    CentreIdentity,
    DocumentError,
    ModuleCard,
    ModuleIdentity,
    check_value,
    open_load_file,
)

__all__ = ["rehearse"]

COPIED: Final = ("number", "at", "ceremony", "title", "shares_of", "confirmed", "step")
"""What an entry of the shadow has in common with the real one."""


@dataclass(slots=True)
class EverybodyThere:
    """A desk with nobody at it: it says yes, takes the shares that are handed over, and gives them when asked."""

    tell: Callable[[str], None]
    shares: dict[str, Share] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    """Those who are asked for their shares at the beginning, in turn."""

    def say(self, *lines: str) -> None:
        """Tell it."""
        self.tell("\n" + "\n".join(lines))

    def confirm(self, person: str, question: str) -> bool:
        """Say yes."""
        self.tell(f"  {person}: {question} Yes.")
        return True

    def secret(self, person: str, question: str) -> str:
        """Give the share that is asked for."""
        self.tell(f"  {person}: {question}. (typed)")
        return self.shares[person if person in self.shares else self.present.pop(0)].code()

    def hand_over(self, custodian: str, share: Share) -> None:
        """Take it."""
        self.tell(f"  {custodian} alone sees a share of {len(share.lines())} lines, and writes it down.")
        self.shares[custodian] = share


@dataclass(slots=True)
class Rehearsal(Ceremony):
    """A ceremony with other modules, and with chance in place of paper."""

    modules: dict[str, ModuleIdentity] = field(init=False, repr=False, default_factory=dict)

    def card_of(self, card: ModuleCard) -> ModuleCard:
        """The card of the module that stands in."""
        if card.name not in self.modules:
            self.modules[card.name] = ModuleIdentity(card.name, card.realm, self.entropy.draw(MODULE_SEED))
        return self.modules[card.name].card

    def imported(self, step: Import) -> bytes:
        """Bits made by chance: what is on paper stays where it is."""
        self.desk.say(f"  (The {len(step.components)} components are left in their envelopes.)")
        return new_secret(ALGORITHMS[step.algorithm], self.entropy)


def rehearse(
    text: bytes, centre: Centre | None, *, tell: Callable[[str], None], entropy: Entropy, clock: Callable[[], datetime]
) -> Held:
    """Go through a ceremony without doing it.

    Args:
        text: the ceremony file.
        centre: the centre as it stands; None if the file founds one.
        tell: is told everything that would be said.
        entropy: for keys that are thrown away.
        clock: tells the moment.

    Returns:
        What it would leave behind; none of it fits the real centre.

    Raises:
        CentreError, InputError: as the ceremony would.
        CheckError: a stand-in can't open what was sent to it.
    """
    plan, desk = read_plan(text), EverybodyThere(tell)
    Rehearsal(plan, plan_hash(text), desk, entropy, clock, centre)  # refuses what isn't for the centre as it stands
    if centre:
        centre = shadow(centre, entropy, desk)
        plan = plan.model_copy(update={"head": centre.head})
    tell("THIS IS A REHEARSAL. Every key in it is thrown away, and nothing is written.")
    ceremony = Rehearsal(plan, plan_hash(text), desk, entropy, clock, centre)
    held = ceremony.hold()
    require_opened(ceremony, held, clock())
    tell("\nThe rehearsal went well. Nothing was written, and its keys are gone.")
    return held


def require_opened(ceremony: Rehearsal, held: Held, now: datetime) -> None:
    """Let each stand-in open what was sent to it."""
    done = len(ceremony.centre.entries) if ceremony.centre else 0
    for entry in held.centre.entries[done:]:
        if isinstance(entry.step, Load):
            module = ceremony.modules[entry.step.module]
            text = held.outputs[entry.outcome["file"]]
            try:
                open_load_file(text, module=module, centre=held.centre.card, last_serial=0, now=now)
            except DocumentError as error:
                raise CheckError(f"the module {entry.step.module} couldn't open its file: {error}") from error


# ---------------------------------------------------------------------------------------------------------- the shadow


def shadow(centre: Centre, entropy: Entropy, desk: EverybodyThere) -> Centre:
    """The same centre with other secrets, whose shares are at the desk."""
    seed, master = entropy.draw(CENTRE_SEED), entropy.draw(MASTER_KEY)
    identity = CentreIdentity(centre.card.name, centre.card.realm, seed)
    keys: dict[str, bytes] = {}
    entries: list[Entry] = []
    for entry in centre.entries:
        outcome = other_outcome(entry.step, keys, entropy, master, desk)
        content = {name: getattr(entry, name) for name in COPIED}
        before = seal_before(identity.card, entries)
        entries.append(sealed_entry(before, **content, outcome=entry.outcome if outcome is None else outcome))
    secrets = Secrets(seed, keys)
    return read_centre(centre_text(identity, entries, secrets, master=master, nonce=entropy.draw(NONCE)))


def other_outcome(
    step: SimpleStep, keys: dict[str, bytes], entropy: Entropy, master: bytes, desk: EverybodyThere
) -> Outcome | None:
    """What comes of a step with other bits; None when bits have nothing to do with it."""
    match step:
        case Found() | NewShares():
            custody, shares = new_custody(step, entropy, master)
            desk.shares = dict(zip(step.custodians, shares, strict=True))
            desk.present = list(step.custodians)
            return custody_outcome(custody)
        case Generate() | Import():
            keys[step.key] = new_secret(ALGORITHMS[step.algorithm], entropy)
            return {"check": check_value(new_entry(step, "").vending_key(keys[step.key]))}
        case SetState(to=KeyState.DESTROYED):
            del keys[step.key]
        case _:
            pass
    return None
