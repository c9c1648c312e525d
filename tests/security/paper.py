"""What the tests of cards, key load files and orders share: a centre, two modules, keys, and times."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from umbane.security.documents import canonical
from umbane.security.envelope import Envelope
from umbane.security.identity import CentreIdentity, ModuleIdentity
from umbane.security.loadfile import KeyGrant, KeyUse, load_file
from umbane.security.models import Quota, Realm
from umbane.security.vault import RealmKey
from umbane.sts import DKGA, KRN, KT, SGC, BaseDate, VendingKey

NOW: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
DAY: Final = timedelta(days=1)

CENTRE: Final = CentreIdentity("centre", Realm.PRODUCTION, b"C" * 32)
STRANGER: Final = CentreIdentity("centre", Realm.PRODUCTION, b"S" * 32)
MODULE: Final = ModuleIdentity("shop", Realm.PRODUCTION, b"M" * 64)
TWIN: Final = ModuleIdentity("shop", Realm.PRODUCTION, b"T" * 64)
OTHER: Final = ModuleIdentity("office", Realm.PRODUCTION, b"O" * 64)
TESTER: Final = ModuleIdentity("shop", Realm.TEST, b"M" * 64)

SECRET: Final = bytes(range(100, 120))
DES_SECRET: Final = bytes.fromhex("0123456789abcdef")
KEY: Final = VendingKey(SECRET, DKGA.KDF_HMAC_SHA256, SGC(123456), KRN(1), KT.DUTK, BaseDate.Y2014)
DES: Final = VendingKey(DES_SECRET, DKGA.DES, SGC(123456), KRN(1), KT.DDTK, BaseDate.Y1993)


def grant(key: VendingKey = KEY, realm: Realm = Realm.PRODUCTION) -> KeyGrant:
    """What a module gets of a key: a year of credit."""
    uses = frozenset({KeyUse.CREDIT, KeyUse.CHANGE_TO})
    return KeyGrant(RealmKey(realm, key), NOW, NOW + 365 * DAY, NOW + 30 * DAY, uses, Quota(1000, 500_000))


def envelope(serial: int = 7, module: ModuleIdentity = MODULE, centre: CentreIdentity = CENTRE) -> Envelope:
    """What is on the outside of something that was made an hour ago, is valid now and will be for a week."""
    made_at = NOW - timedelta(hours=1)
    return Envelope.to(module.card, centre.card, serial, made_at=made_at, valid_from=NOW, expires_at=NOW + 7 * DAY)


def file_for(module: ModuleIdentity = MODULE, centre: CentreIdentity = CENTRE, serial: int = 7) -> bytes:
    """A key load file with two keys."""
    return load_file(envelope(serial, module, centre), [grant(), grant(DES)], module.card, centre)


def altered(text: bytes, **fields: object) -> bytes:
    """A document with other fields, in the right form."""
    return canonical({**json.loads(text), **fields})


def without(text: bytes, name: str) -> bytes:
    """A document that lacks a field."""
    fields: dict[str, Any] = json.loads(text)
    del fields[name]
    return canonical(fields)
