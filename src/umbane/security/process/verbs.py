"""What can be asked of a module over a connection: each verb, what its argument is, and what it does with it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from umbane.errors import UmbaneError
from umbane.security.chain import Position
from umbane.security.counting import key_words
from umbane.security.errors import FrameError
from umbane.security.lines import change_orders_of, token_orders_of
from umbane.security.models import Quota, Refused, VendingKeyName, VerifyRequest
from umbane.security.orders import read_key
from umbane.security.process.founding import published_grant
from umbane.security.process.host import Host, Standing
from umbane.security.process.wire import VERSION, packed, packed_answer, packed_error
from umbane.security.vault import published_key
from umbane.sts import EA, KRN, KT, SGC, EncodedToken, MeterPAN, message

__all__ = ["VERBS", "Verb", "asked"]

ID: Final = 16
"""Bytes of an id."""

Seen = tuple[int, int, str]
Typed = tuple[str, int, str, bytes]
"""A meter, its algorithm, the name of its key, and a token."""
Words = tuple[int, int, int]
"""SGC, KRN and KT."""
Raise = tuple[Words, int, int, dict[str, str]]
"""Whose quota, by how many tokens and units, and who says so: names and passphrases."""


class Verb(NamedTuple):
    """What can be asked."""

    argument: Any
    """The type of what comes with it."""
    act: Callable[[Host, Any], object]
    before: Callable[[Host, Any], object] | None = None
    """What is done first, in a thread of its own, because it takes a second: passphrases are stretched."""


def hello(host: Host, argument: tuple[int, Seen | None]) -> list[object]:
    """Greet a client, who says how far it saw the module: a module that is older than that has nothing to say."""
    version, seen = argument
    if version != VERSION:
        raise FrameError(f"this module speaks version {VERSION}, and was greeted in version {version}")
    if seen is not None and host.opened is not None:
        host.require_opened().core.journal.require_holds(Position(*seen), "a client")
    return standing(host, None)


def standing(host: Host, _argument: None) -> list[object]:
    """How the module stands."""
    return told(host.standing())


def told(it: Standing) -> list[object]:
    """The same as it is sent."""
    return [it.name, str(it.realm), it.fingerprint, it.is_sealed, list(it.given), it.threshold]


def issue(host: Host, lines: bytes) -> object:
    """Make tokens."""
    core = host.require_opened().core
    return sendable(core.answers(token_orders_of(lines), core.maker.tokens, packed))


def change_keys(host: Host, lines: bytes) -> object:
    """Make key changes."""
    core = host.require_opened().core
    return sendable(core.answers(change_orders_of(lines), core.maker.changes, packed))


def sendable(answers: Iterable[object]) -> list[object]:
    """Answers that are packed, and refusals, as they are sent."""
    return [packed_error(it.reason) if isinstance(it, Refused) else it for it in answers]


def verify(host: Host, typed: list[Typed]) -> object:
    """Read tokens."""
    maker = host.require_opened().core.maker
    try:
        requests = [
            VerifyRequest(MeterPAN(pan), EA(ea), read_key(key.split()), EncodedToken(int.from_bytes(digits)))
            for pan, ea, key, digits in typed
        ]
    except (ValueError, UmbaneError) as error:
        raise FrameError(f"what is to be read has no meaning: {error}") from None
    answers = map(maker.read, requests)
    return [packed_error(it.reason) if isinstance(it, Refused) else f"{message(it):x}" for it in answers]


def fetch(host: Host, ids: bytes) -> object:
    """Find answers again."""
    wanted = [UUID(bytes=ids[start : start + ID]) for start in range(0, len(ids) - len(ids) % ID, ID)]
    found = host.require_opened().core.fetch(wanted)
    return [(id_.bytes, packed_answer(answer)) for id_, answer in found.items()]


def since(host: Host, count: int) -> object:
    """Tell some of the requests from a count on, in the journal's words."""
    return b"".join(host.require_opened().core.entries(count))


def status(host: Host, _argument: None) -> object:
    """What the module says of itself."""
    it = host.require_opened().core.status()
    return [it.name, str(it.realm), it.count, it.head, it.keys]


def counters(host: Host, _argument: None) -> object:
    """How much every key made."""
    return by_words(host.require_opened().core.counters.all())


def quotas(host: Host, _argument: None) -> object:
    """How much every key may make."""
    return by_words(host.require_opened().core.limits.quotas())


def by_words(table: Mapping[VendingKeyName, tuple[object, object]]) -> dict[str, list[object]]:
    """A table by the names of keys as they are sent."""
    return {key_words(name): list(row) for name, row in table.items()}


def top_up(host: Host, order: bytes) -> None:
    """Raise a quota because the centre says so."""
    host.top_up(order)


def vouch(host: Host, argument: Raise) -> None:
    """Look at the passphrases of two custodians."""
    host.require_custodians(argument[3])


def raise_quota(host: Host, argument: Raise) -> None:
    """Raise a quota because two custodians said so."""
    (sgc, krn, kt), tokens, units, people = argument
    host.raise_quota(vending_name(sgc, krn, kt), tokens, units, sorted(people))


def vending_name(sgc: int, krn: int, kt: int) -> VendingKeyName:
    """The name of a vending key."""
    try:
        return VendingKeyName(SGC(sgc), KRN(krn), KT(kt))
    except (ValueError, UmbaneError) as error:
        raise FrameError(f"no key can be called that: {error}") from None


def attest(host: Host, challenge: bytes) -> object:
    """Sign what the module says of itself."""
    it = host.attest(challenge)
    return [it.statement, it.signature]


def unseal(host: Host, argument: tuple[str, str]) -> None:
    """Let a custodian unseal the module."""
    host.give(*argument)


def seal(host: Host, _argument: None) -> None:
    """Let the keys go."""
    host.seal()


def load(host: Host, text: bytes) -> int:
    """Take a key load file."""
    return host.load(text)


def publish(host: Host, argument: tuple[list[Words], int | None, int | None]) -> int:
    """Take keys of the test realm, each within this quota."""
    names, quota = [vending_name(*words) for words in argument[0]], Quota(*argument[1:])
    return host.load_published(published_grant(published_key(it.sgc, it.krn, kt=it.kt), quota) for it in names)


VERBS: Final = {
    "hello": Verb(tuple[int, Seen | None], hello),
    "standing": Verb(None, standing),
    "issue": Verb(bytes, issue),
    "change_keys": Verb(bytes, change_keys),
    "verify": Verb(list[Typed], verify),
    "fetch": Verb(bytes, fetch),
    "since": Verb(int, since),
    "status": Verb(None, status),
    "counters": Verb(None, counters),
    "quotas": Verb(None, quotas),
    "top_up": Verb(bytes, top_up),
    "raise_quota": Verb(Raise, raise_quota, before=vouch),
    "attest": Verb(bytes, attest),
    "unseal": Verb(tuple[str, str], lambda host, _: told(host.standing()), before=unseal),
    "seal": Verb(None, seal),
    "load": Verb(bytes, load),
    "publish": Verb(tuple[list[Words], int | None, int | None], publish),
}


def asked(verb: str, argument: bytes) -> tuple[Verb, Any]:
    """A verb and its argument, which is MessagePack.

    Raises:
        FrameError: there is no such verb, or that isn't its argument.
    """
    known = VERBS.get(verb)
    if known is None:
        raise FrameError("there is no such verb")
    try:
        return known, msgspec.msgpack.decode(argument, type=known.argument)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
        raise FrameError(f"what came with {verb} is not what belongs to it") from None
