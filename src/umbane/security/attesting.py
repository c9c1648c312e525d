"""What a module says of itself under its signature: status, counters, quotas, and the challenge of who asked.

The challenge makes the statement new: nobody can show an old one for it. A reader needs the module's card, which says
whose signature it must be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from umbane.errors import UmbaneError
from umbane.security.counting import key_name, key_words
from umbane.security.documents import Fields, packed, read, unpacked, written
from umbane.security.errors import AlteredError
from umbane.security.identity import ModuleCard, ModuleIdentity, realm
from umbane.security.models import Attestation, KeyCount, ModuleStatus, Quota, VendingKeyName

__all__ = ["LONGEST_CHALLENGE", "Statement", "attested", "read_attestation"]

KIND: Final = "umbane module statement"
VERSION: Final = 1
LONGEST_CHALLENGE: Final = 64


@dataclass(frozen=True, slots=True)
class Statement:
    """What a module said."""

    status: ModuleStatus
    counters: Mapping[VendingKeyName, KeyCount]
    quotas: Mapping[VendingKeyName, Quota]


def attested(statement: Statement, challenge: bytes, identity: ModuleIdentity) -> Attestation:
    """Say it.

    Raises:
        AlteredError: the challenge is too long or empty.
    """
    if not 0 < len(challenge) <= LONGEST_CHALLENGE:
        raise AlteredError(f"a challenge has 1 to {LONGEST_CHALLENGE} bytes")
    status = statement.status
    fields = {
        "module": identity.card.fingerprint,
        "name": status.name,
        "realm": str(status.realm),
        "count": status.count,
        "head": status.head,
        "keys": status.keys,
        "counters": {key_words(name): list(count) for name, count in statement.counters.items()},
        "quotas": {key_words(name): list(quota) for name, quota in statement.quotas.items()},
        "challenge": packed(challenge),
    }
    text = written(KIND, VERSION, fields)
    return Attestation(text, identity.sign(text))


def read_attestation(attestation: Attestation, card: ModuleCard, challenge: bytes) -> Statement:
    """What the module with this card said to this challenge.

    Raises:
        DocumentError: it said no such thing.
    """
    card.verify(attestation.signature, attestation.statement)
    fields = read(KIND, VERSION, attestation.statement)
    if unpacked(fields.get("challenge")) != challenge:
        raise AlteredError("the statement answers another challenge: it is an old one, or somebody else's")
    try:
        return statement_of(fields)
    except (KeyError, TypeError, ValueError, UmbaneError):
        raise AlteredError("the statement has no meaning, though the module signed it") from None


def statement_of(fields: Fields) -> Statement:
    """What the fields of a statement say."""
    status = ModuleStatus(fields["name"], realm(fields["realm"]), fields["count"], fields["head"], fields["keys"])
    counters = {key_name(words): KeyCount(*count) for words, count in items(fields["counters"])}
    quotas = {key_name(words): Quota(*quota) for words, quota in items(fields["quotas"])}
    return Statement(status, counters, quotas)


def items(fields: Any) -> list[tuple[str, list[Any]]]:  # noqa: ANN401 - what a document has
    """The entries of one of a statement's tables."""
    return list(fields.items())
