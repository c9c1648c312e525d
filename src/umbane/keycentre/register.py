"""What a centre knows but for its secrets: keys, modules, custodians. It is what its journal tells, and nothing else.

``Register.apply`` is the only way in which it changes, in a ceremony and when a journal is replayed. So what isn't
allowed can't be done, and a journal that tells of it can't be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, assert_never

from umbane.keycentre.errors import ForbiddenError
from umbane.keycentre.kens import has_tids, ken_end
from umbane.keycentre.names import known_as
from umbane.keycentre.shares import Custody, require_custody
from umbane.keycentre.states import USES, KeyState, require_transition, require_uses
from umbane.keycentre.steps import (
    ALGORITHMS,
    BASE_DATES,
    Audit,
    Campaign,
    Enrol,
    Expire,
    Found,
    Generate,
    Grant,
    Import,
    Load,
    NewShares,
    Revoke,
    SetState,
    SimpleStep,
    TopUpModule,
    key_name,
)
from umbane.security import ModuleCard, Realm
from umbane.sts import DKGA, KEN, BaseDate, VendingKey

__all__ = ["KeyEntry", "ModuleEntry", "Outcome", "Register", "new_entry"]

Outcome = Mapping[str, Any]
"""What came of a step, as the journal keeps it: check values, digests of shares, serial numbers, hashes of files."""

ON_THE_WAY: Final = frozenset({KeyState.PRE_ACTIVE, KeyState.ACTIVE})
BROKEN_AWAY: Final = frozenset({KeyState.ACTIVE, KeyState.DEACTIVATED, KeyState.COMPROMISED})


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A vending key without its bits."""

    label: str
    dkga: DKGA
    base_date: BaseDate
    ken: KEN
    active_from: datetime
    expires: datetime
    state: KeyState
    check: str

    def vending_key(self, secret: bytes) -> VendingKey:
        """The key with its bits."""
        sgc, krn, kt = key_name(self.label)
        return VendingKey(secret, self.dkga, sgc, krn, kt, self.base_date, self.ken)


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """A security module, as far as the centre knows it."""

    card: ModuleCard
    audited_until: datetime | None = None
    revoked: bool = False
    serial: int = 0
    """Of the last thing that was sent to it."""
    keys: frozenset[str] = frozenset()
    """Those that it was sent and that weren't taken away from it."""

    def audited(self, at: datetime) -> bool:
        """Whether things may be sent to it."""
        return not self.revoked and self.audited_until is not None and at < self.audited_until


@dataclass(slots=True)
class Register:
    """Keys, modules and custodians of one centre."""

    realm: Realm
    custody: Custody | None = None
    keys: dict[str, KeyEntry] = field(default_factory=dict)
    modules: dict[str, ModuleEntry] = field(default_factory=dict)

    def key(self, label: str) -> KeyEntry:
        """The key of this label.

        Raises:
            ForbiddenError: there never was one.
        """
        if label not in self.keys:
            raise ForbiddenError(f"there is no key {label}")
        return self.keys[label]

    def module(self, name: str) -> ModuleEntry:
        """The module of this name.

        Raises:
            ForbiddenError: there is none.
        """
        if name not in self.modules:
            raise ForbiddenError(f"there is no module {name}: enrol it first, by its card")
        return self.modules[name]

    def audited_modules(self, at: datetime) -> list[str]:
        """Those that things may be sent to."""
        return sorted(name for name, module in self.modules.items() if module.audited(at))

    # ------------------------------------------------------------------------------------------------- what is allowed

    def require(self, step: SimpleStep, at: datetime) -> None:  # noqa: C901 - one case for each step
        """Refuse a step that isn't allowed.

        Raises:
            TransitionError: a key can't go there.
            CustodyError: one person could reach the keys.
            ForbiddenError: anything else; the error says why.
        """
        if isinstance(step, Found) == (self.custody is not None):
            problem = "is founded already" if self.custody else "isn't founded yet: that comes first"
            raise ForbiddenError(f"the centre {problem}")
        match step:
            case Found() | NewShares():
                require_custody(step.threshold, step.custodians)
            case Generate() | Import():
                self.require_new_key(step, at)
            case SetState():
                self.require_state(step, at)
            case Expire():
                self.require_shorter(step)
            case Enrol():
                self.require_new_module(step)
            case Audit():
                self.require_known(step.module)
                require_ahead("the audit counts until", step.valid_until, at)
            case Revoke():
                self.require_known(step.module)
            case Load():
                self.require_load(step, at)
            case TopUpModule():
                self.require_top_up(step, at)
            case Campaign():
                self.require_campaign(step, at)
            case _:
                assert_never(step)

    def require_new_key(self, step: Generate | Import, at: datetime) -> None:
        """Refuse a name that was ever used, and times that make no sense."""
        if step.key in self.keys:
            raise ForbiddenError(f"there is a key {step.key}, or was: a name is used once, so take the next KRN")
        require_ahead(f"the key {step.key} expires at", step.expires, max(at, step.active_from))
        if isinstance(step, Generate):
            require_tokens(step, max(at, step.active_from))
        elif len({known_as(part.holder) for part in step.components}) < len(step.components):
            raise ForbiddenError("one person has two components: with all of them, one person would have the key")

    def require_state(self, step: SetState, at: datetime) -> None:
        """Refuse a way that there isn't, and to activate a key out of its time."""
        key = self.key(step.key)
        require_transition(step.key, key.state, step.to)
        if step.to is KeyState.ACTIVE and not key.active_from <= at < key.expires:
            times = f"from {key.active_from:%Y-%m-%d %H:%M} to {key.expires:%Y-%m-%d %H:%M} UTC"
            raise ForbiddenError(f"the key {step.key} can be active only {times}")

    def require_shorter(self, step: Expire) -> None:
        """Refuse to let a key last longer than was said, or to change one that is gone."""
        key = self.key(step.key)
        if key.state is KeyState.DESTROYED or step.ken >= key.ken.value:
            raise ForbiddenError(f"the key {step.key} is {key.state} with KEN {key.ken}: only a lower KEN can be given")

    def require_new_module(self, step: Enrol) -> None:
        """Refuse a card that isn't the one that was read aloud, is of the other realm, or of a name that is taken."""
        card = card_of(step)
        if card.fingerprint != step.fingerprint:
            raise ForbiddenError(
                f"the card of {card.name} has the fingerprint {card.fingerprint}, not {step.fingerprint}"
            )
        if card.realm is not self.realm:
            raise ForbiddenError(f"the module {card.name} is of the {card.realm} realm, and the centre of {self.realm}")
        if card.name in self.modules:
            raise ForbiddenError(f"there is a module {card.name}, or was: a name is used once")

    def require_known(self, name: str) -> None:
        """Refuse a module that isn't there, or is no more."""
        if self.module(name).revoked:
            raise ForbiddenError(f"the module {name} is revoked")

    def require_audited(self, name: str, at: datetime) -> ModuleEntry:
        """Refuse to send something to a module that wasn't looked at."""
        self.require_known(name)
        module = self.module(name)
        if not module.audited(at):
            raise ForbiddenError(f"the module {name} has no audit that counts today: nothing is sent to it")
        return module

    def require_load(self, step: Load, at: datetime) -> None:
        """Refuse keys and uses that a module can't have."""
        module = self.require_audited(step.module, at)
        require_ahead("the file expires at", step.expires_at, at)
        if len({grant.key for grant in step.keys}) != len(step.keys):
            raise ForbiddenError("a key is in the file twice")
        for grant in step.keys:
            self.require_grant(grant, at)
            if not grant.uses and grant.key not in module.keys:
                raise ForbiddenError(f"the key {grant.key} can't be taken away: {step.module} doesn't have it")

    def require_grant(self, grant: Grant, at: datetime) -> None:
        """Refuse uses that the key's state doesn't allow, and times beyond its life."""
        key = self.key(grant.key)
        require_uses(grant.key, key.state, frozenset(grant.uses))
        if not max(key.active_from, at) < grant.issue_until <= key.expires:
            lasts = f"{key.active_from:%Y-%m-%d %H:%M} to {key.expires:%Y-%m-%d %H:%M} UTC"
            raise ForbiddenError(f"a module can issue with {grant.key} until a moment within {lasts}, and ahead of now")

    def require_top_up(self, step: TopUpModule, at: datetime) -> None:
        """Refuse more of a key that the module doesn't have or may do nothing with."""
        module = self.require_audited(step.module, at)
        require_ahead("the order expires at", step.expires_at, at)
        key = self.key(step.key)
        if step.key not in module.keys or not USES[key.state]:
            raise ForbiddenError(f"the key {step.key} is {key.state}, or {step.module} doesn't have it")

    def require_campaign(self, step: Campaign, at: datetime) -> None:
        """Refuse to lead meters anywhere but to a good key of the same kind."""
        old, new = self.key(step.from_key), self.key(step.to_key)
        if old.state not in BROKEN_AWAY or new.state not in ON_THE_WAY or old is new:
            raise ForbiddenError(f"meters don't go from {old.label} ({old.state}) to {new.label} ({new.state})")
        if old.label[-4:] != new.label[-4:]:
            raise ForbiddenError(f"meters don't go from {old.label} to {new.label}: they are of different types")
        if new.expires <= at:
            raise ForbiddenError(f"the key {new.label} is over: nobody is led to it")
        require_ahead("the cut-off is", step.cut_off, max(at, new.active_from))

    # ------------------------------------------------------------------------------------------------ what comes of it

    def apply(self, step: SimpleStep, outcome: Outcome, at: datetime) -> None:  # noqa: C901 - one case for each step
        """Do what a step says, when it is allowed.

        Raises:
            CentreError: it isn't, as ``require`` tells.
            KeyError, TypeError, ValueError: the outcome isn't one of that step.
        """
        self.require(step, at)
        match step:
            case Found() | NewShares():
                set_id, digests = bytes.fromhex(outcome["set"]), tuple(outcome["digests"])
                self.custody = Custody(step.threshold, step.custodians, set_id, digests)
            case Generate() | Import():
                self.keys[step.key] = new_entry(step, outcome["check"])
            case SetState():
                self.keys[step.key] = replace(self.key(step.key), state=step.to)
            case Expire():
                self.keys[step.key] = replace(self.key(step.key), ken=KEN(step.ken))
            case Enrol():
                card = card_of(step)
                self.modules[card.name] = ModuleEntry(card)
            case Audit():
                self.modules[step.module] = replace(self.module(step.module), audited_until=step.valid_until)
            case Revoke():
                self.modules[step.module] = replace(self.module(step.module), revoked=True)
            case Load():
                self.sent(step.module, {grant.key: bool(grant.uses) for grant in step.keys})
            case TopUpModule():
                self.sent(step.module, {})
            case Campaign():
                pass
            case _:
                assert_never(step)

    def sent(self, name: str, keys: Mapping[str, bool]) -> None:
        """Something more was sent to a module: keys given to it, and taken away."""
        module = self.module(name)
        given = {label for label, stays in keys.items() if stays}
        self.modules[name] = replace(module, serial=module.serial + 1, keys=module.keys - keys.keys() | given)


def new_entry(step: Generate | Import, check: str) -> KeyEntry:
    """A key at the beginning of its life."""
    base = BASE_DATES[step.base_date]
    dkga, ken = ALGORITHMS[step.algorithm], KEN(step.ken)
    return KeyEntry(step.key, dkga, base, ken, step.active_from, step.expires, KeyState.PRE_ACTIVE, check)


def require_tokens(step: Generate, begins: datetime) -> None:
    """Refuse a key under which no token could ever be made."""
    base, ken = BASE_DATES[step.base_date], KEN(step.ken)
    if not has_tids(base, begins) or not (ken.never or begins < ken_end(ken, base)):
        what = f"with base date {step.base_date} and KEN {step.ken} there is no token"
        raise ForbiddenError(f"the key {step.key} begins at {begins:%Y-%m-%d %H:%M} UTC, and {what} of then or later")


def card_of(step: Enrol) -> ModuleCard:
    """The card that is enrolled.

    Raises:
        DocumentError: it is none.
    """
    return ModuleCard.read(step.card.encode("ascii", "replace"))


def require_ahead(what: str, moment: datetime, at: datetime) -> None:
    """Refuse a moment that isn't ahead."""
    if moment <= at:
        raise ForbiddenError(f"{what} {moment:%Y-%m-%d %H:%M} UTC, which isn't after {at:%Y-%m-%d %H:%M}")
