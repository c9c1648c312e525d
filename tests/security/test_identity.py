"""Identities of modules and centres: what they sign and unseal, and what their cards say."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.paper import CENTRE, MODULE, OTHER, STRANGER, TESTER, TWIN, altered, without
from umbane.security.documents import packed
from umbane.security.errors import AlteredError, DocumentError, ModuleNameError, OtherDocumentError, UnknownVersionError
from umbane.security.identity import CentreCard, CentreIdentity, ModuleCard, ModuleIdentity
from umbane.security.models import Realm

Card = ModuleCard | CentreCard
CARDS: list[Card] = [MODULE.card, CENTRE.card]
each_card = pytest.mark.parametrize("card", CARDS, ids=["module", "centre"])
each_identity = pytest.mark.parametrize("identity", [MODULE, CENTRE], ids=["module", "centre"])


@each_card
def test_cards_there_and_back(card: Card) -> None:
    """A card is found again in its text."""
    assert type(card).read(card.text()) == card


def test_fingerprints() -> None:
    """A fingerprint is eight groups of four digits, and no two identities share one."""
    cards = [identity.card for identity in (MODULE, TWIN, OTHER, TESTER, CENTRE, STRANGER)]
    assert len({card.fingerprint for card in cards}) == len(cards)
    assert [len(group) for group in MODULE.card.fingerprint.split("-")] == [4] * 8


@each_card
def test_every_bit_of_a_card(card: Card) -> None:
    """With any bit of it flipped, a text is refused as a card, or is the card of somebody else."""
    text = card.text()
    for place in range(8 * len(text)):
        flipped = bytearray(text)
        flipped[place // 8] ^= 1 << place % 8
        try:
            found = type(card).read(bytes(flipped))
        except (DocumentError, ModuleNameError):
            continue
        assert found.fingerprint != card.fingerprint


@each_card
def test_cut_cards(card: Card) -> None:
    """A card that is cut short anywhere is refused."""
    text = card.text()
    for size in range(len(text)):
        with pytest.raises(AlteredError):
            type(card).read(text[:size])


@each_card
@pytest.mark.parametrize(
    "fields",
    [
        {"realm": "moon"},
        {"realm": None},
        {"realm": ["test"]},
        {"verifying": packed(b"x" * 31)},
        {"verifying": packed(b"x" * 33)},
        {"verifying": ""},
        {"verifying": None},
        {"more": 1},
    ],
)
def test_wrong_cards(card: Card, fields: dict[str, object]) -> None:
    """A card with another realm, a key of another length or one field more is refused."""
    with pytest.raises(AlteredError):
        type(card).read(altered(card.text(), **fields))


@each_card
def test_missing_fields(card: Card) -> None:
    """A card that lacks any of its fields is refused."""
    for name in ("name", "realm", "verifying"):
        with pytest.raises(AlteredError, match="other fields"):
            type(card).read(without(card.text(), name))


@each_card
@pytest.mark.parametrize("name", ["", "Shop", "../x", "a b", "x" * 41, "-x", None, "ü"])
def test_wrong_names(card: Card, name: object) -> None:
    """A card whose name can't be the name of a file is refused."""
    with pytest.raises(ModuleNameError):
        type(card).read(altered(card.text(), name=name))


def test_swapped_cards() -> None:
    """The card of a centre isn't taken for that of a module, nor the other way."""
    with pytest.raises(OtherDocumentError, match="this is the umbane centre card"):
        ModuleCard.read(CENTRE.card.text())
    with pytest.raises(OtherDocumentError, match="this is the umbane module card"):
        CentreCard.read(MODULE.card.text())


@each_card
def test_other_version(card: Card) -> None:
    """A card of another version is refused."""
    with pytest.raises(UnknownVersionError):
        type(card).read(altered(card.text(), version=2))


# ------------------------------------------------------------------------------------------------- signing and sealing


@each_identity
@given(message=st.binary(max_size=50), flip=st.integers(0, 511))
def test_signatures(identity: ModuleIdentity | CentreIdentity, message: bytes, flip: int) -> None:
    """A signature fits its message and card, and with one bit flipped it doesn't."""
    signature = identity.sign(message)
    identity.card.verify(signature, message)
    wrong = bytes(byte ^ (1 << flip % 8 if n == flip // 8 else 0) for n, byte in enumerate(signature))
    for bad, text in [(wrong, message), (signature, message + b"x"), (b"", message), (signature[:63], message)]:
        with pytest.raises(AlteredError, match="signature"):
            identity.card.verify(bad, text)


def test_other_signers() -> None:
    """What one signed another one didn't."""
    with pytest.raises(AlteredError, match="signature"):
        STRANGER.card.verify(CENTRE.sign(b"x"), b"x")
    with pytest.raises(AlteredError, match="signature"):
        TWIN.card.verify(MODULE.sign(b"x"), b"x")


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_sealing(content: bytes, head: bytes) -> None:
    """What is sealed to a module it opens, with the head that it was sealed with."""
    assert MODULE.unseal(MODULE.card.seal(content, head), head) == content


def test_seals_that_stay_shut() -> None:
    """Another module, another head, a bit flipped or bytes cut off: the seal doesn't open."""
    sealed = MODULE.card.seal(b"content", b"head")
    for module, text, head in [
        (TWIN, sealed, b"head"),
        (OTHER, sealed, b"head"),
        (MODULE, sealed, b"other"),
        (MODULE, sealed, b""),
        (MODULE, sealed[:-1], b"head"),
        (MODULE, sealed[1:], b"head"),
        (MODULE, bytes(32) + sealed[32:], b"head"),
        (MODULE, b"", b"head"),
        (MODULE, sealed + b"x", b"head"),
    ]:
        with pytest.raises(AlteredError, match="seal doesn't open"):
            module.unseal(text, head)
    for place in range(8 * len(sealed)):
        if place == 255:
            continue  # X25519 doesn't look at the highest bit of a key (RFC 7748), and HPKE mixes in the key as sent
        flipped = bytearray(sealed)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(AlteredError, match="seal doesn't open"):
            MODULE.unseal(bytes(flipped), b"head")


def test_keys_that_nothing_is_sealed_to() -> None:
    """A card with a key that agrees with nobody is refused when something is to be sealed to it."""
    card = ModuleCard("shop", Realm.TEST, bytes(32), bytes(32))
    with pytest.raises(AlteredError, match="nothing can be sealed"):
        card.seal(b"content", b"head")


# --------------------------------------------------------------------------------------------------------------- secret


@each_identity
def test_repr(identity: ModuleIdentity | CentreIdentity) -> None:
    """An identity shows its fingerprint and nothing of its seed."""
    assert repr(identity).endswith(f"{identity.card.name}, production, {identity.card.fingerprint})")


@each_identity
def test_no_copies(identity: ModuleIdentity | CentreIdentity) -> None:
    """An identity is neither copied nor pickled."""
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="is not copied"):
            attempt(identity)


@pytest.mark.parametrize("size", [0, 31, 33, 63, 65])
def test_seeds(size: int) -> None:
    """A seed of another length is refused without being shown."""
    for make in (ModuleIdentity, CentreIdentity):
        with pytest.raises(AlteredError, match=f"not {size}") as refusal:
            make("shop", Realm.TEST, b"S" * size)
        assert "SS" not in str(refusal.value)
