"""A ceremony: the steps of a reviewed file, each said aloud, confirmed by two people, done and written down.

Nothing outside of this process changes before the last step was done. Whoever says no, and whatever goes wrong, leaves
the centre as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from umbane.keycentre.describing import described, moment, told
from umbane.keycentre.desk import Desk, gather, typed
from umbane.keycentre.entropy import Entropy
from umbane.keycentre.errors import AbandonedError, CheckError, CustodyError, ForbiddenError, HeadError
from umbane.keycentre.expanding import expanded
from umbane.keycentre.journal import Entry, seal_before, sealed_entry
from umbane.keycentre.material import combined, new_secret, read_component
from umbane.keycentre.plan import NEW, CeremonyPlan
from umbane.keycentre.register import Register, new_entry
from umbane.keycentre.sending import campaign_for, load_for, top_up_for
from umbane.keycentre.shares import MASTER_KEY, SET, Custody, Share, give_out, master_key
from umbane.keycentre.states import KeyState
from umbane.keycentre.steps import (
    ALGORITHMS,
    Campaign,
    Found,
    Generate,
    Import,
    Load,
    NewShares,
    SetState,
    SimpleStep,
    TopUpModule,
)
from umbane.keycentre.store import NONCE, Centre, Secrets, centre_text, read_centre, transcript_text, unsealed
from umbane.security import CENTRE_SEED, CentreIdentity, ModuleCard, RealmKey, Vault, check_value

__all__ = ["Ceremony", "Held", "custody_of", "custody_outcome", "new_custody"]


@dataclass(frozen=True, slots=True)
class Held:
    """What a ceremony leaves behind."""

    centre: Centre
    text: bytes
    """The centre's new file."""
    outputs: Mapping[str, bytes]
    """The files that it wrote, by their names; the transcript among them."""


@dataclass(slots=True)
class Ceremony:
    """One ceremony.

    Args:
        plan: what the ceremony file says.
        digest: what stands for that file.
        desk: the people.
        entropy: where chance comes from.
        clock: tells the moment, aware.
        centre: the centre as it stands; None to found one.
    """

    plan: CeremonyPlan
    digest: str
    desk: Desk
    entropy: Entropy
    clock: Callable[[], datetime]
    centre: Centre | None = None
    register: Register = field(init=False)
    entries: list[Entry] = field(init=False)
    outputs: dict[str, bytes] = field(init=False, default_factory=dict)
    keys: dict[str, bytes] = field(init=False, repr=False, default_factory=dict)
    seed: bytes = field(init=False, repr=False, default=b"")
    master: bytes = field(init=False, repr=False, default=b"")
    shares_of: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        require_fitting(self.plan, self.centre)
        self.register = self.centre.register() if self.centre else Register(self.plan.realm)
        self.entries = list(self.centre.entries) if self.centre else []

    def hold(self) -> Held:
        """Hold it.

        Raises:
            AbandonedError: somebody said no.
            CentreError: something isn't allowed, or isn't as it should be.
            InputError: something was typed wrong again and again.
        """
        self.open()
        for step in self.plan.steps:
            for simple in expanded(step, self.register, self.now()):
                self.do(simple)
        return self.close()

    # ------------------------------------------------------------------------------------------------------- beginning

    def open(self) -> None:
        """Say what this is, and let custodians open the centre."""
        where = f"It stands at {self.plan.head}." if self.centre else "It doesn't exist yet."
        self.desk.say(
            f"Ceremony: {self.plan.ceremony}",
            f"Centre {self.plan.centre}, {self.plan.realm} realm. {where}",
            f"The ceremony file has the hash {self.digest}.",
            f"The clock of this machine says {moment(self.now())}.",
        )
        if self.entries and self.now() < self.entries[-1].at:
            raise ForbiddenError(f"the last step was done at {moment(self.entries[-1].at)}: set the clock first")
        self.agree("Are the hash and the clock right?")
        if self.centre:
            self.master, self.shares_of = gather(self.desk, custody_of(self.register))
            secrets = unsealed(self.centre, self.master)
            self.seed, self.keys = secrets.seed, dict(secrets.keys)
            self.desk.say("The centre is open, and every key in it has the check value that the journal tells.")

    def agree(self, question: str) -> None:
        """Let both people say yes.

        Raises:
            AbandonedError: one says no.
        """
        for person in self.plan.confirming:
            if not self.desk.confirm(person, question):
                raise AbandonedError(f"{person} said no, and nothing was changed: the ceremony is over")

    def now(self) -> datetime:
        """The moment, to the second."""
        return self.clock().replace(microsecond=0)

    # ----------------------------------------------------------------------------------------------------------- steps

    def do(self, step: SimpleStep) -> None:
        """Say what a step does, let both confirm it, do it, write it down."""
        at = self.now()
        self.register.require(step, at)
        number = len(self.entries) + 1
        first, *rest = described(step, self.register)
        self.desk.say(f"Step {number}. {first}", *rest)
        self.agree(f"Do step {number}?")
        outcome = self.outcome(step, at)
        self.register.apply(step, outcome, at)
        content = {
            "number": number,
            "at": at,
            "ceremony": self.digest,
            "title": self.plan.ceremony,
            "shares_of": self.shares_of,
            "confirmed": self.plan.confirming,
        }
        before = seal_before(self.identity().card, self.entries)
        self.entries.append(sealed_entry(before, **content, step=step, outcome=outcome))
        self.desk.say(told(step, outcome))
        if isinstance(step, Found):
            self.desk.say(
                "Whoever gets files from this centre is told its fingerprint:", f"  {self.identity().card.fingerprint}"
            )

    def outcome(self, step: SimpleStep, at: datetime) -> dict[str, Any]:
        """Do a step, and tell what the journal is to keep of it."""
        match step:
            case Found() | NewShares():
                self.seed = self.seed or self.entropy.draw(CENTRE_SEED)
                return self.share_out(step)
            case Generate():
                return self.kept(step, new_secret(ALGORITHMS[step.algorithm], self.entropy))
            case Import():
                return self.kept(step, self.imported(step))
            case SetState(to=KeyState.DESTROYED):
                del self.keys[step.key]
                return {}
            case Load() | TopUpModule() | Campaign():
                return self.written(step, at)
            case _:
                return {}

    def share_out(self, step: Found | NewShares) -> dict[str, Any]:
        """Make a master key, hand its shares over, and have each of them typed back."""
        self.master = self.entropy.draw(MASTER_KEY)
        custody, shares = new_custody(step, self.entropy, self.master)
        read = []
        for name, share in zip(step.custodians, shares, strict=True):
            self.desk.hand_over(name, share)
            back = typed(self.desk, name, "type the share from your paper, to see that it can be read", Share.read)
            if custody.holder(back) != name:
                raise CustodyError(f"what {name} typed back is another custodian's share")
            read.append(back)
        require_master(self.master, custody, read)
        return custody_outcome(custody)

    def imported(self, step: Import) -> bytes:
        """The bits that the components on paper give."""
        dkga = ALGORITHMS[step.algorithm]
        components = []
        for part in step.components:
            read = lambda text, check=part.check: read_component(text, dkga, check)  # noqa: E731 - one line says it
            asked = f"type the component with the check value {part.check}"
            components.append(typed(self.desk, part.holder, asked, read))
        return combined(components, dkga, step.check_value)

    def kept(self, step: Generate | Import, secret: bytes) -> dict[str, Any]:
        """Keep the bits of a key, which must be nobody else's."""
        key = new_entry(step, "").vending_key(secret)
        Vault(self.plan.realm).add(RealmKey(self.plan.realm, key))  # refuses the keys that anyone can compute
        if secret in self.keys.values():
            raise ForbiddenError("another key has the same bits")
        self.keys[step.key] = secret
        return {"check": check_value(key)}

    def written(self, step: Load | TopUpModule | Campaign, at: datetime) -> dict[str, Any]:
        """Write a file for a module or for vending."""
        identity = self.identity()
        if isinstance(step, Campaign):
            name, text = campaign_for(step, self.register, identity, at)
        else:
            card = self.card_of(self.register.module(step.module).card)
            if isinstance(step, Load):
                name, text = load_for(step, self.register, card, identity, keys=self.keys, at=at)
            else:
                name, text = top_up_for(step, self.register, card, identity, at)
        self.outputs[name] = text
        return {"file": name, "sha256": sha256(text).hexdigest()}

    def card_of(self, card: ModuleCard) -> ModuleCard:
        """The card that things are sealed to."""
        return card

    def identity(self) -> CentreIdentity:
        """The centre's own key pair."""
        return CentreIdentity(self.plan.centre, self.plan.realm, self.seed)

    # ---------------------------------------------------------------------------------------------------------- ending

    def close(self) -> Held:
        """Put everything together, and look at it again as if somebody else had made it."""
        identity, secrets = self.identity(), Secrets(self.seed, self.keys)
        nonce = self.entropy.draw(NONCE)
        text = centre_text(identity, self.entries, secrets, master=self.master, nonce=nonce)
        centre = read_centre(text)
        unsealed(centre, self.master)
        number = len(self.entries)
        transcript = transcript_text(identity, self.entries)
        files = {**self.outputs, f"transcript-{number:04}.json": transcript, f"backup-{number:04}.kmc": text}
        if not self.centre:
            files[f"{self.plan.centre}.card"] = identity.card.text()
        return Held(centre, text, files)


def require_master(master: bytes, custody: Custody, shares: Sequence[Share]) -> None:
    """See that what is on paper gives the master key: all of it together, and no share is beside the others' line.

    Raises:
        CheckError: it doesn't.
    """
    least = shares[: custody.threshold]
    if not all(compare_digest(master_key(custody, some), master) for some in (shares, least)):
        raise CheckError("the shares don't give the master key: this machine reckons wrongly")


def new_custody(step: Found | NewShares, entropy: Entropy, master: bytes) -> tuple[Custody, list[Share]]:
    """Shares of a master key for the custodians that a step names."""
    randomness = b"".join(entropy.draw(MASTER_KEY) for _ in range(step.threshold - 1))
    return give_out(master, step.threshold, step.custodians, set_id=entropy.draw(SET), randomness=randomness)


def custody_outcome(custody: Custody) -> dict[str, Any]:
    """What the journal keeps of shares that were given out."""
    return {"set": custody.set_id.hex(), "digests": list(custody.digests)}


def custody_of(register: Register) -> Custody:
    """Who has shares.

    Raises:
        CustodyError: nobody has.
    """
    if register.custody is None:
        raise CustodyError("the centre has no custodians: its journal is empty")
    return register.custody


def require_fitting(plan: CeremonyPlan, centre: Centre | None) -> None:
    """Refuse a ceremony file that isn't for this centre as it stands.

    Raises:
        HeadError: it isn't.
    """
    if centre is None:
        if plan.head != NEW:
            raise HeadError(f"there is no centre here, and the ceremony file is for one at {plan.head}")
        return
    if plan.head == NEW:
        raise HeadError(f"there is a centre here already, {centre.card.name}, and the file would found one")
    if (plan.centre, plan.realm) != (centre.card.name, centre.card.realm):
        here = f"here is {centre.card.name} of the {centre.card.realm} realm"
        raise HeadError(f"the ceremony file is for {plan.centre} of the {plan.realm} realm, and {here}")
    centre.require_head(plan.head)
