"""What a security module is asked, and what it answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from umbane.errors import UmbaneError
from umbane.sts import EA, KRN, KT, SGC, TI, TID, EncodedToken, MeterPAN, Token

__all__ = [
    "Alert",
    "Attestation",
    "Issued",
    "KeyChangeRequest",
    "KeyCount",
    "KeyName",
    "ModuleStatus",
    "Quota",
    "Realm",
    "Record",
    "Refused",
    "TokenRequest",
    "VendingKeyName",
    "VerifyRequest",
]


class Realm(StrEnum):
    """Which world a key belongs to."""

    TEST = "test"
    """Keys that anyone may know, and that no meter in the field has."""
    PRODUCTION = "production"


class Alert(NamedTuple):
    """What somebody should see to: a licence that runs out, a key that ends."""

    code: str
    """What kind it is, as the module calls it."""
    words: str
    """For people, in English."""


class VendingKeyName(NamedTuple):
    """Which vending key: what is counted and limited goes by it."""

    sgc: SGC
    krn: KRN
    kt: KT

    def __str__(self) -> str:
        return f"SGC {self.sgc} KRN {self.krn} {self.kt.name}"


class KeyCount(NamedTuple):
    """What a module ever made with one vending key; a key change counts for the key that its tokens are under."""

    tokens: int = 0
    units: int = 0
    """Least units of credit that the tokens carry: 0.1 kWh of electricity, 0.1 m3 of water or gas. Of credit in
    currency only the tokens are counted."""


class Quota(NamedTuple):
    """How far the counters of one vending key may go; the module stops there until a second person tops it up."""

    tokens: int | None = None
    """None: as far as they like."""
    units: int | None = None
    """The same; a key whose units are limited makes no credit in currency, which has none."""


class KeyName(NamedTuple):
    """Which decoder key of a meter: the vending key it comes from, and the tariff index."""

    sgc: SGC
    krn: KRN
    kt: KT
    ti: TI

    @property
    def vending(self) -> VendingKeyName:
        """The vending key that it comes from."""
        return VendingKeyName(self.sgc, self.krn, self.kt)


class TokenRequest(NamedTuple):
    """One token for one meter."""

    id: UUID
    """The caller's own: the same id gets the same digits, for ever."""
    pan: MeterPAN
    ea: EA
    key: KeyName
    """The key that the meter has."""
    token: Token
    """What it is to do; not a section of a key change."""


class KeyChangeRequest(NamedTuple):
    """The two, three or four tokens that give a meter another key."""

    id: UUID
    """As in a TokenRequest, among the same ids."""
    pan: MeterPAN
    ea: EA
    key: KeyName
    """The key that the meter has."""
    new: KeyName
    """The key that it is to get."""
    at: TID
    """The moment of issue, counted from the *new* key's base date."""
    with_sgc: bool = False
    """For 64-bit keys: add the third token, which tells the meter its SGC."""


class VerifyRequest(NamedTuple):
    """Twenty digits that somebody says are for a meter."""

    pan: MeterPAN
    ea: EA
    key: KeyName
    digits: EncodedToken


class Issued(NamedTuple):
    """The tokens of one request, in the order they are typed."""

    first: int
    """The number of the first of them in the module's count, which starts at 0; the others follow without a gap."""
    tokens: tuple[EncodedToken, ...]


class Refused(NamedTuple):
    """A request that the module or the standard refuses; the others of its batch are not concerned."""

    reason: UmbaneError


class Record(NamedTuple):
    """A request that made tokens, as the journal has it."""

    first: int
    """The number of its first token."""
    made: int
    """How many tokens it made."""
    request: TokenRequest | KeyChangeRequest
    """What was asked; an amount is the one that the token carries."""


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """What a module says of itself."""

    name: str
    realm: Realm
    count: int
    """Tokens it has ever made; the number of the next one."""
    head: str
    """The seal at the end of its journal, in hexadecimal: it stands for everything before it."""
    keys: int
    """Vending keys that it holds."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a module says of itself, signed by its identity: status, counters, quotas, and the caller's challenge."""

    statement: bytes
    """A document; ``umbane.security.attesting`` reads it."""
    signature: bytes
    """Of the module whose card fits."""
