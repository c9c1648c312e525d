"""What the tests of the key management centre share: people at a desk, chance that repeats, plans, and a centre."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any, Final

import yaml

from umbane.keycentre import Centre, Ceremony, Entropy, Held, Share, plan_hash, read_plan
from umbane.keycentre.material import component_check
from umbane.keycentre.plan import PlainDumper
from umbane.keycentre.shares import Custody, give_out, master_key
from umbane.keycentre.store import Secrets, unsealed
from umbane.security import ModuleIdentity, Realm

NOW: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
DAY: Final = timedelta(days=1)
PEOPLE: Final = ["Thandi Nkosi", "Pieter Botha"]
CUSTODIANS: Final = ["Thandi Nkosi", "Pieter Botha", "Aisha Patel"]
KEY: Final = "123456 1 VUDK"
NEXT: Final = "123456 2 VUDK"
DES_KEY: Final = "654321 1 VDDK"

SHOP: Final = ModuleIdentity("shop", Realm.PRODUCTION, b"M" * 64)
OFFICE: Final = ModuleIdentity("office", Realm.PRODUCTION, b"O" * 64)
Step = dict[str, Any]


def stream(seed: str) -> Callable[[int], bytes]:
    """Bytes that look like chance and are the same for the same seed."""
    counter = count()

    def source(size: int) -> bytes:
        blocks = (sha256(f"{seed} {next(counter)}".encode()).digest() for _ in range(size // 32 + 1))
        return b"".join(blocks)[:size]

    return source


@dataclass
class Room:
    """A desk at which people say yes, and type what they were handed; what else they do can be told."""

    shares: dict[str, Share] = field(default_factory=dict)
    coming: list[str] = field(default_factory=PEOPLE.copy)
    """Custodians who give their shares when a centre is opened."""
    says_no: str | None = None
    """Who says no."""
    typed: dict[str, list[str]] = field(default_factory=dict)
    """What a person types instead, once each."""
    heard: list[str] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        """Hear it."""
        self.heard += lines

    def confirm(self, person: str, question: str) -> bool:
        """Say yes, or no."""
        self.heard.append(f"{person}: {question}")
        return f"{person}: {question}" != self.says_no

    def secret(self, person: str, question: str) -> str:
        """Type a share, or what was told."""
        self.heard.append(f"{person}: {question}")
        if self.typed.get(person):
            return self.typed[person].pop(0)
        return " ".join(self.shares[person if person in self.shares else self.coming.pop(0)].lines())

    def hand_over(self, custodian: str, share: Share) -> None:
        """Keep the share."""
        self.shares[custodian] = share

    @property
    def all_heard(self) -> str:
        """Everything that was said and asked."""
        return "\n".join(self.heard)


def plan(*steps: Step, head: str = "new", **others: object) -> bytes:
    """A ceremony file."""
    top = {"ceremony": "A trial", "centre": "centre", "realm": "production", "head": head, "confirming": PEOPLE}
    text: str = yaml.dump({**top, "steps": list(steps), **others}, Dumper=PlainDumper, sort_keys=False)
    return text.encode()


FOUND: Final = {"do": "found", "threshold": 2, "custodians": CUSTODIANS}
TERMS: Final = {
    "algorithm": "DKGA04", "base_date": 2014, "active_from": NOW - DAY, "expires": NOW + 1000 * DAY,
}  # fmt: skip
GENERATE: Final = {"do": "generate", "key": KEY, **TERMS}
GENERATE_DES: Final = GENERATE | {"key": DES_KEY, "algorithm": "DKGA02"}
AUDIT: Final = {"do": "audit", "module": "shop", "by": "Sipho", "report": "sound", "valid_until": NOW + 100 * DAY}
GRANT: Final = {
    "key": KEY, "uses": ["credit", "change-to"], "tokens": 100, "units": 5000, "issue_until": NOW + 30 * DAY,
}  # fmt: skip
LOAD: Final[Step] = {"do": "load", "module": "shop", "keys": [GRANT], "expires_at": NOW + 7 * DAY}
TOP_UP: Final = {
    "do": "top-up", "module": "shop", "key": KEY, "tokens": 10, "units": 20, "expires_at": NOW + 7 * DAY,
}  # fmt: skip
COMPROMISE: Final = {
    "do": "compromise", "key": KEY, "reason": "found on the market", "old_until": NOW + 60 * DAY,
    "expires": NOW + 2000 * DAY, "limits": {"tokens": 9, "units": 90, "issue_until": NOW + 60 * DAY},
    "files_expire_at": NOW + 7 * DAY, "cut_off": NOW + 60 * DAY,
}  # fmt: skip
ROTATE: Final = {
    "do": "rotate", "key": KEY, "old_until": NOW + 90 * DAY, "active_from": NOW + DAY, "expires": NOW + 2000 * DAY,
}  # fmt: skip


def on_paper(*components: bytes) -> list[dict[str, str]]:
    """What a ceremony file says of components, which the people have."""
    return [{"holder": name, "check": component_check(it)} for name, it in zip(PEOPLE, components, strict=True)]


def papers(*components: bytes) -> dict[str, list[str]]:
    """What the people type from them."""
    return {name: [it.hex()] for name, it in zip(PEOPLE, components, strict=True)}


def state(to: str, key: str = KEY) -> Step:
    """Bring a key into another state."""
    return {"do": "state", "key": key, "to": to, "reason": "a trial"}


def enrol(module: ModuleIdentity = SHOP, **others: object) -> Step:
    """Take a module in."""
    card = module.card
    return {"do": "enrol", "card": card.text().decode(), "fingerprint": card.fingerprint, **others}


BASE: Final = (FOUND, GENERATE, state("active"), GENERATE_DES, enrol(), AUDIT, LOAD)
"""A centre with a key in use, another one, and a module that has the first."""


def ceremony(
    text: bytes, room: Room, centre: Centre | None = None, *, at: datetime = NOW, seed: str = "seed"
) -> Ceremony:
    """A ceremony that may be held."""
    return Ceremony(read_plan(text), plan_hash(text), room, Entropy(stream(seed)), lambda: at, centre)


def found(*steps: Step, at: datetime = NOW, seed: str = "seed") -> tuple[Held, Room]:
    """A centre after its first ceremony."""
    room = Room()
    return ceremony(plan(*steps), room, at=at, seed=seed).hold(), room


@lru_cache
def base() -> tuple[Held, Mapping[str, Share]]:
    """The usual centre, and the shares of its custodians."""
    held, room = found(*BASE)
    return held, room.shares


def at_base(**others: Any) -> Room:  # noqa: ANN401 - the fields of a Room
    """A room with the custodians of the usual centre."""
    return Room(dict(base()[1]), **others)


def go_on(*steps: Step, at: datetime = NOW + DAY, room: Room | None = None) -> Held:
    """Another ceremony at the usual centre."""
    centre = base()[0].centre
    return ceremony(plan(*steps, head=centre.head), room or at_base(), centre, at=at, seed="later").hold()


def opened(centre: Centre, shares: Mapping[str, Share]) -> tuple[bytes, Secrets]:
    """Master key and secrets of a centre."""
    custody = centre.register().custody
    assert custody
    master = master_key(custody, [shares[name] for name in custody.custodians[: custody.threshold]])
    return master, unsealed(centre, master)


def custody_of(key: bytes = b"k" * 32, threshold: int = 2, seed: str = "custody") -> tuple[Custody, list[Share]]:
    """Shares of a key."""
    source = stream(seed)
    randomness = source(32 * (threshold - 1))
    return give_out(key, threshold, CUSTODIANS, set_id=source(3), randomness=randomness)
