"""Key load files and top-up orders: taken by one module, once, in their time, as the centre wrote them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.paper import (
    CENTRE,
    DAY,
    DES,
    DES_SECRET,
    KEY,
    MODULE,
    NOW,
    OTHER,
    SECRET,
    STRANGER,
    TESTER,
    TWIN,
    altered,
    envelope,
    file_for,
    grant,
    without,
)
from umbane.security.documents import canonical, packed, signed
from umbane.security.envelope import Envelope
from umbane.security.errors import (
    AlteredError,
    DocumentError,
    ExpiredError,
    NotYetActiveError,
    OtherDocumentError,
    OtherModuleError,
    OtherRealmError,
    RealmError,
    ReplayedError,
    UnknownVersionError,
    WrongCentreError,
)
from umbane.security.identity import CentreIdentity, ModuleIdentity
from umbane.security.loadfile import LOAD_FILE, KeyUse, LoadFile, key_label, load_file, open_load_file
from umbane.security.models import Quota, Realm, VendingKeyName
from umbane.security.topup import TopUp, open_top_up, top_up_order
from umbane.sts import KRN, KT, SGC

FILE = file_for()
ORDER = TopUp(envelope(), VendingKeyName(SGC(123456), KRN(1), KT.DUTK), 50, 4000)
TOP_UP = top_up_order(ORDER, CENTRE)
SECOND = timedelta(seconds=1)


def taken(text: bytes = FILE, module: ModuleIdentity = MODULE, last: int = 6, now: datetime = NOW) -> LoadFile:
    """Open a key load file as a module does."""
    return open_load_file(text, module=module, centre=CENTRE.card, last_serial=last, now=now)


def ordered(text: bytes = TOP_UP, module: ModuleIdentity = MODULE, last: int = 6, now: datetime = NOW) -> TopUp:
    """Read an order as a module does."""
    return open_top_up(text, module=module.card, centre=CENTRE.card, last_serial=last, now=now)


each = pytest.mark.parametrize(("take", "text"), [(taken, FILE), (ordered, TOP_UP)], ids=["file", "order"])
Taking = Callable[..., LoadFile | TopUp]


def test_there_and_back() -> None:
    """A module finds in a file what the centre put into it."""
    assert taken() == LoadFile(envelope(), (grant(), grant(DES)))
    assert ordered() == ORDER


def test_unlimited() -> None:
    """A quota may be left open, and a key may have no use but being there."""
    free = replace(grant(), quota=Quota(None, None), uses=frozenset())
    assert taken(load_file(envelope(), [free], MODULE.card, CENTRE)).grants == (free,)


def test_outside() -> None:
    """Anyone can read which keys are in a file, by their check values, and nobody finds their bits in it."""
    assert json.loads(FILE)["keys"] == [key_label(KEY), key_label(DES)]
    for secret in (SECRET, DES_SECRET):
        assert secret not in FILE
        assert secret.hex().encode() not in FILE
        assert packed(secret).encode()[:-3] not in FILE
        assert secret.hex() not in repr(taken())
        assert repr(secret) not in repr(taken())


@each
def test_other_centre(take: Taking, text: bytes) -> None:
    """What another centre signed is refused, even one of the same name, and even if it says it were ours."""
    theirs = (
        file_for(centre=STRANGER)
        if take is taken
        else top_up_order(replace(ORDER, envelope=envelope(centre=STRANGER)), STRANGER)
    )
    with pytest.raises(WrongCentreError, match="another centre"):
        take(theirs)
    with pytest.raises(AlteredError, match="signature"):
        take(altered(theirs, centre=CENTRE.card.fingerprint))
    with pytest.raises(WrongCentreError):
        take(altered(text, centre=None))


@each
def test_other_module(take: Taking, text: bytes) -> None:
    """What is for another module is refused, and one of the same name is told apart."""
    with pytest.raises(OtherModuleError, match="is for another module: here is office"):
        take(text, module=OTHER)
    with pytest.raises(OtherModuleError, match="another module of the same name"):
        take(text, module=TWIN)


@each
def test_other_realm(take: Taking, text: bytes) -> None:
    """What is for the production realm is refused by a module of the test realm, and counts as an error of realms."""
    with pytest.raises(OtherRealmError, match="for the production realm, and shop is of the test"):
        take(text, module=TESTER)
    assert issubclass(OtherRealmError, RealmError)


@each
@pytest.mark.parametrize("last", [7, 8, 1 << 62])
def test_replayed(take: Taking, text: bytes, last: int) -> None:
    """What was taken before, or came before what was taken, is refused."""
    with pytest.raises(ReplayedError, match=f"number 7 for shop.*{last} was taken"):
        take(text, last=last)


@each
def test_times(take: Taking, text: bytes) -> None:
    """It is taken from the first second of its time to the last, and in none before or after."""
    take(text, now=NOW)
    take(text, now=NOW + 7 * DAY - SECOND)
    with pytest.raises(NotYetActiveError, match="2026-03-02T08:30:00Z"):
        take(text, now=NOW - SECOND)
    with pytest.raises(ExpiredError, match="2026-03-09T08:30:00Z"):
        take(text, now=NOW + 7 * DAY)


@each
@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_other_version(take: Taking, text: bytes, version: object) -> None:
    """A version that isn't known is refused by that name."""
    with pytest.raises(UnknownVersionError):
        take(altered(text, version=version))


def test_other_documents() -> None:
    """An order isn't taken for a file, nor a file or a card for an order."""
    with pytest.raises(OtherDocumentError, match="this is the umbane top-up order"):
        taken(TOP_UP)
    with pytest.raises(OtherDocumentError, match="this is the umbane key load file"):
        ordered(FILE)
    with pytest.raises(OtherDocumentError, match="this is the umbane module card"):
        ordered(MODULE.card.text())


@each
def test_every_bit(take: Taking, text: bytes) -> None:
    """With any bit of it flipped, nothing is taken."""
    for place in range(8 * len(text)):
        flipped = bytearray(text)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(DocumentError):
            take(bytes(flipped))


@each
def test_cut_short(take: Taking, text: bytes) -> None:
    """Cut short anywhere, nothing is taken."""
    for size in range(len(text)):
        with pytest.raises(AlteredError):
            take(text[:size])


@each
@given(st.data())
def test_altered_fields(take: Taking, text: bytes, data: st.DataObject) -> None:
    """Any field with another value, in the right form, is refused."""
    fields = json.loads(text)
    name = data.draw(st.sampled_from(sorted(fields)))
    anything = st.text() | st.integers() | st.none() | st.lists(st.text())
    value = data.draw(anything.filter(lambda other: other != fields[name]))
    with pytest.raises(DocumentError):
        take(altered(text, **{name: value}))


@each
def test_missing_fields(take: Taking, text: bytes) -> None:
    """Any field left out is refused."""
    for name in json.loads(text):
        with pytest.raises(DocumentError):
            take(without(text, name))


def test_swapped_insides() -> None:
    """The sealed part of one file doesn't open in another one, whoever signed them both."""
    other = load_file(envelope(serial=8), [grant()], MODULE.card, CENTRE)
    fields = json.loads(FILE) | {"sealed": json.loads(other)["sealed"]}
    with pytest.raises(AlteredError, match="seal doesn't open"):
        taken(resigned(fields))


# ------------------------------------------------------------------------------- what a centre signed by mistake


def resigned(fields: dict[str, object], centre: CentreIdentity = CENTRE) -> bytes:
    """Fields of a file that the centre signed as they are."""
    rest = {name: value for name, value in fields.items() if name not in {"document", "version", "signature"}}
    kind = fields["document"]
    assert isinstance(kind, str)
    return signed(kind, 1, rest, centre.sign)


def with_keys(inside: object, keys: list[str]) -> bytes:
    """A file in which this is sealed."""
    outside = {**envelope().fields(), "keys": keys}
    sealed = packed(MODULE.card.seal(canonical({"keys": inside}), canonical(outside)))
    return signed(LOAD_FILE, 1, {**outside, "sealed": sealed}, CENTRE.sign)


GOOD = {
    "secret": SECRET.hex(), "dkga": 4, "sgc": "123456", "krn": 1, "kt": 2, "base_date": "14", "ken": 255,
    "active_from": "2026-03-02T08:30:00Z", "expires": "2027-03-02T08:30:00Z", "issue_until": "2026-04-01T08:30:00Z",
    "uses": ["change-to", "credit"], "tokens": 1000, "units": 500_000,
}  # fmt: skip


def test_a_file_by_hand() -> None:
    """The fields of a key are those that the page of the format names."""
    assert taken(with_keys([GOOD], [key_label(KEY)])).grants == (grant(),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": SECRET.hex()[:-2]}, {"secret": "x" * 40}, {"secret": 5}, {"dkga": 3}, {"dkga": 2}, {"sgc": 123456},
        {"krn": 0}, {"krn": 10}, {"krn": True}, {"kt": 0}, {"kt": 4}, {"base_date": "15"}, {"ken": 256}, {"ken": "1"},
        {"active_from": "now"}, {"expires": "2026-03-02T08:30:00Z"}, {"issue_until": "2026-03-02T08:30:00Z"},
        {"issue_until": "2027-03-02T08:30:01Z"}, {"uses": ["all"]}, {"uses": 5}, {"tokens": -1}, {"tokens": 1.5},
        {"tokens": True}, {"tokens": False}, {"units": "1"}, {"units": 1 << 63}, {"units": ""},
    ],
)  # fmt: skip
def test_wrong_insides(wrong: dict[str, object]) -> None:
    """A key with anything wrong is refused, though the centre signed it, and nothing of it is told."""
    with pytest.raises(AlteredError) as refusal:
        taken(with_keys([GOOD | wrong], [key_label(KEY)]))
    assert SECRET.hex()[:8] not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_other_insides() -> None:
    """What isn't a list of keys, or other keys than the outside names, or one of them twice, is refused."""
    strange: list[object] = [5, None, {"a": 1}, [5], ["x"], [{}]]
    for inside in strange:
        with pytest.raises(AlteredError):
            taken(with_keys(inside, [key_label(KEY)]))
    with pytest.raises(AlteredError, match="aren't those that are named"):
        taken(with_keys([GOOD], [key_label(DES)]))
    with pytest.raises(AlteredError, match="twice"):
        taken(with_keys([GOOD, GOOD], [key_label(KEY)] * 2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"serial": 0}, {"serial": -1}, {"serial": "7"}, {"serial": True}, {"serial": 1 << 63}, {"realm": "moon"},
        {"made_at": "2026-03-03T08:30:00Z"}, {"expires_at": "2026-03-02T08:30:00Z"}, {"valid_from": "soon"},
        {"more": 1},
    ],
)  # fmt: skip
@each
def test_wrong_outsides(take: Taking, text: bytes, wrong: dict[str, object]) -> None:
    """An outside that makes no sense is refused, though the centre signed it."""
    with pytest.raises(AlteredError):
        take(resigned(json.loads(text) | wrong))


@pytest.mark.parametrize(
    "wrong", [{"krn": 0}, {"kt": 4}, {"sgc": "1"}, {"tokens": -1}, {"tokens": None}, {"units": True}, {"units": "5"}]
)
def test_wrong_orders(wrong: dict[str, object]) -> None:
    """An order for no key or without amounts is refused, though the centre signed it."""
    with pytest.raises(AlteredError):
        ordered(resigned(json.loads(TOP_UP) | wrong))


# ------------------------------------------------------------------------------------------ what a centre won't write


def test_no_file_across_realms() -> None:
    """A centre writes nothing for a module of the other realm, and puts no key of the other realm into a file."""
    with pytest.raises(OtherRealmError, match="the module shop is of the test realm"):
        Envelope.to(TESTER.card, CENTRE.card, 1, made_at=NOW, expires_at=NOW + DAY)
    with pytest.raises(OtherRealmError, match=f"the key {key_label(KEY)} is of the test realm"):
        load_file(envelope(), [grant(realm=Realm.TEST)], MODULE.card, CENTRE)


def test_no_wrong_files() -> None:
    """A centre doesn't seal to another module than the outside names, nor a key twice."""
    with pytest.raises(AlteredError, match="sealed to office"):
        load_file(envelope(), [grant()], OTHER.card, CENTRE)
    with pytest.raises(AlteredError, match="twice"):
        load_file(envelope(), [grant(), grant()], MODULE.card, CENTRE)


@pytest.mark.parametrize("serial", [1, (1 << 63) - 1])
def test_first_and_last_number(serial: int) -> None:
    """The first number and the last one are numbers."""
    assert taken(file_for(serial=serial), last=serial - 1).envelope.serial == serial


def test_valid_at_once() -> None:
    """Something is valid from when it is made, unless it is told otherwise."""
    assert Envelope.to(MODULE.card, CENTRE.card, 1, made_at=NOW, expires_at=NOW + DAY).valid_from == NOW


def test_uses() -> None:
    """There are four uses of a key."""
    assert sorted(KeyUse) == ["change-from", "change-to", "credit", "engineering"]
