"""Keys in a token: how they come in, that they don't come out, and what is wrong with others."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, PKCS11Error
from pkcs11.exceptions import AttributeSensitive, KeyHandleInvalid, KeyUnextractable

from tests.security.pkcs11.softhsm import PAIR_BITS, loaded
from tests.security.support import DES_KEY, GROUP, KEY, KEYS, METERS, NEXT
from tests.security.test_vault import OWN
from umbane.security import KeyClashError, Realm, RealmError, RealmKey, UnknownKeyError, VendingKeyName, published_key
from umbane.security.pkcs11 import (
    CachePolicy,
    TokenKey,
    TokenKeyError,
    TokenLoader,
    TokenLostError,
    TokenSetting,
    wrapped,
)
from umbane.security.pkcs11.keys import Handle, checked
from umbane.security.pkcs11.labels import sealed_text
from umbane.security.pkcs11.loading import PAIR
from umbane.security.pkcs11.pool import TokenPool
from umbane.security.pkcs11.vault import TokenVault
from umbane.security.vault import check_value
from umbane.sts import DKGA, EA, KEN, KRN, KT, SGC, StsInputError, derive

MakeToken = Callable[[], TokenSetting]
HELD, DES_HELD = KEYS[KEY[:3]], KEYS[DES_KEY[:3]]
BOTH = pytest.mark.parametrize("held", [HELD, DES_HELD], ids=["DKGA04", "DKGA02"])
OURS = TokenKey.of(HELD)


def vault_of(setting: TokenSetting, realm: Realm = Realm.TEST) -> TokenVault:
    """The token as a vault."""
    return TokenVault(TokenPool(setting, 1), realm, CachePolicy())


def with_pair(setting: TokenSetting) -> bytes:
    """Make the pair; its public half."""
    with TokenLoader(setting) as loader:
        loader.make_pair(PAIR_BITS)
        return loader.public_key()


# ----------------------------------------------------------------------------------------------------- none comes out


def secrets_in(loader: TokenLoader) -> list[Any]:
    """All secret keys of a token."""
    return list(loader.session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TOKEN: True}))


def test_not_read(token: TokenSetting) -> None:
    """No vending key can be read from the token, and each says so of itself."""
    with TokenLoader(token) as loader:
        found = secrets_in(loader)
        assert len(found) == len(KEYS)
        for key in found:
            assert key[Attribute.SENSITIVE] is True
            assert key[Attribute.EXTRACTABLE] is False
            with pytest.raises(AttributeSensitive):
                key[Attribute.VALUE]


def test_not_wrapped(token: TokenSetting) -> None:
    """No vending key leaves the token wrapped, whatever it is wrapped with."""
    with TokenLoader(token) as loader:
        other = loader.session.generate_key(KeyType.AES, 256, capabilities=MechanismFlag.WRAP)
        public = loader.session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=PAIR)
        for key in secrets_in(loader):
            with pytest.raises(KeyUnextractable):
                other.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP)  # type: ignore[attr-defined]  # a key that may
            with pytest.raises(KeyUnextractable):
                public.wrap_key(key, mechanism=Mechanism.RSA_PKCS)  # type: ignore[attr-defined]  # a key that may


@pytest.mark.parametrize("attribute", [Attribute.EXTRACTABLE, Attribute.SENSITIVE, Attribute.LABEL, Attribute.ID])
def test_not_altered(token: TokenSetting, attribute: Attribute) -> None:
    """What guards a vending key, its label and its seal can't be altered in the token, nor in a copy made there."""
    new: object = {Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False, Attribute.LABEL: "x", Attribute.ID: b"x"}[
        attribute
    ]
    with TokenLoader(token) as loader:
        for key in secrets_in(loader):
            with pytest.raises(PKCS11Error):
                key[attribute] = new
            if attribute in {Attribute.EXTRACTABLE, Attribute.SENSITIVE}:
                with pytest.raises(PKCS11Error):
                    key.copy({attribute: new})


def test_only_for_its_purpose(token: TokenSetting) -> None:
    """A vending key for DKGA04 does nothing but HMACs, and none wraps another key or makes keys in the token."""
    with TokenLoader(token) as loader:
        for key in secrets_in(loader):
            may = {
                verb
                for verb in ("sign", "encrypt", "decrypt", "wrap_key", "unwrap_key", "derive_key")
                if hasattr(key, verb)
            }
            assert may == ({"sign"} if " 04 " in key.label else {"encrypt", "decrypt"})


def test_the_private_half(token: TokenSetting) -> None:
    """The private half of the token's pair can't be read either."""
    with TokenLoader(token) as loader:
        private = loader.pair().handle
        assert private[Attribute.EXTRACTABLE] is False
        with pytest.raises(AttributeSensitive):
            private[Attribute.PRIVATE_EXPONENT]


# ---------------------------------------------------------------------------------------------------------- coming in


@BOTH
def test_loaded(make_token: MakeToken, held: RealmKey) -> None:
    """A key that was wrapped and loaded makes the decoder keys that it makes in memory."""
    vault = vault_of(loaded(make_token(), held))
    for pan in METERS[:5]:
        name = KEY if held is HELD else DES_KEY
        assert vault.decoder_key(name, pan, EA.STA) == derive(held.key, pan, name.ti, EA.STA)
    assert list(vault.names()) == [TokenKey.of(held).name]


def test_check_values(token: TokenSetting) -> None:
    """The check value of a key for DKGA04 is the one that a vault in memory has, so a journal goes with both."""
    vault = vault_of(token)
    for held in KEYS.values():
        name = TokenKey.of(held).name
        assert (vault.check_value(name) == check_value(held.key)) is (held.key.dkga is DKGA.KDF_HMAC_SHA256)


def test_unknown(token: TokenSetting) -> None:
    """A key that isn't in the token is named, and EA11 is not asked of a DES key."""
    vault = vault_of(token)
    with pytest.raises(UnknownKeyError, match="SGC 999999"):
        vault.decoder_key(KEY._replace(sgc=SGC(999999)), METERS[0], EA.STA)
    with pytest.raises(StsInputError):
        vault.decoder_key(DES_KEY, METERS[0], EA.MISTY1)


@BOTH
def test_same_again(make_token: MakeToken, held: RealmKey) -> None:
    """To load a key again changes nothing, but with another KEN it takes the old one's place."""
    setting = loaded(make_token(), held)
    later = RealmKey(Realm.TEST, replace(held.key, ken=KEN(80)))
    with TokenLoader(setting) as loader:
        public_key = loader.public_key()
        first = loader.load(wrapped(held, public_key))
        assert loader.load(wrapped(later, public_key)) == first
        assert [key.label for key in secrets_in(loader)] == [TokenKey.of(later).label]
    assert vault_of(setting).decoder_key(KEY if held is HELD else DES_KEY, METERS[0], EA.STA).ken == KEN(80)


def test_another_of_its_name(make_token: MakeToken) -> None:
    """Another key of a name that is there is refused, and the first one stays."""
    setting = loaded(make_token(), HELD)
    with TokenLoader(setting) as loader:
        with pytest.raises(KeyClashError, match="new KRN"):
            loader.load(wrapped(RealmKey(Realm.TEST, OWN), loader.public_key()))
        assert len(secrets_in(loader)) == 1
    assert vault_of(setting).decoder_key(KEY, METERS[0], EA.STA) == derive(HELD.key, METERS[0], KEY.ti, EA.STA)


def test_another_realm(make_token: MakeToken) -> None:
    """Keys of two realms don't go into one token."""
    setting = loaded(make_token(), HELD)
    with TokenLoader(setting) as loader:
        held = RealmKey(Realm.PRODUCTION, replace(OWN, krn=KRN(3)))
        with pytest.raises(RealmError, match="each realm"):
            loader.load(wrapped(held, loader.public_key()))
        assert len(secrets_in(loader)) == 1


@BOTH
@pytest.mark.parametrize("part", ["secret", "key", "feedback", "check"])
def test_altered_on_its_way(make_token: MakeToken, held: RealmKey, part: str) -> None:
    """A wrapped key of which anything was altered is refused, and nothing is left of it."""
    setting = make_token()
    good = wrapped(held, with_pair(setting))
    bad = {
        "secret": replace(good, secret=good.secret[:-1] + bytes([good.secret[-1] ^ 1])),
        "key": replace(good, key=replace(good.key, krn=KRN(7))),
        "feedback": replace(good, feedback=bytes(8)),
        "check": replace(good, check="000000"),
    }[part]
    with TokenLoader(setting) as loader:
        with pytest.raises(TokenKeyError):
            loader.load(bad)
        assert secrets_in(loader) == []


def test_for_another_token(make_token: MakeToken) -> None:
    """A key that was wrapped for another token can't be unwrapped."""
    ours, other = make_token(), make_token()
    with_pair(ours)
    stray = wrapped(HELD, with_pair(other))
    with TokenLoader(ours) as loader:
        with pytest.raises(TokenKeyError, match="another one"):
            loader.load(stray)
        assert secrets_in(loader) == []


def test_no_pair(make_token: MakeToken, token: TokenSetting) -> None:
    """A token without a pair can't be given keys, and a second pair isn't made over the first."""
    with TokenLoader(token) as loader:
        with pytest.raises(KeyClashError, match="already"):
            loader.make_pair(PAIR_BITS)
        stray = wrapped(HELD, loader.public_key())
    with TokenLoader(make_token()) as loader:
        with pytest.raises(TokenKeyError, match="make it first"):
            loader.public_key()
        with pytest.raises(TokenKeyError, match="make it first"):
            loader.load(stray)


def test_a_pair_of_somebody_else(make_token: MakeToken) -> None:
    """Keys are neither wrapped to a pair that others may know nor unwrapped with it, nor with one of two."""
    setting = make_token()
    with TokenLoader(setting) as loader:
        loader.make_pair(PAIR_BITS)
        line = wrapped(HELD, loader.public_key())
        loader.pair().handle.destroy()
        loader.session.generate_keypair(
            KeyType.RSA, PAIR_BITS, label=PAIR, store=True, private_template={Attribute.EXTRACTABLE: True}
        )
        for work in (loader.public_key, lambda: loader.load(line)):
            with pytest.raises(TokenKeyError, match="others may know it"):
                work()
        loader.session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=PAIR).destroy()
        loader.make_pair(PAIR_BITS)
        public_key = loader.public_key()
        assert line.text != wrapped(HELD, public_key).text
        with pytest.raises(TokenKeyError, match="another one"):
            loader.load(line)
        loader.session.generate_keypair(KeyType.RSA, PAIR_BITS, label=PAIR, store=True)
        with pytest.raises(TokenLostError, match="MultipleObjectsReturned"):
            loader.public_key()


def test_generate(make_token: MakeToken) -> None:
    """A token whose HMAC takes no key of 20 bytes, as SoftHSM's, keeps none that it made; DES keys aren't made."""
    with TokenLoader(make_token()) as loader:
        with pytest.raises(TokenKeyError, match="KeySizeRange"):
            loader.generate(OURS)
        with pytest.raises(TokenKeyError, match="DKGA04"):
            loader.generate(TokenKey.of(DES_HELD))
        assert secrets_in(loader) == []


# ------------------------------------------------------------------------------------------------------- wrong ones


def made_by_hand(setting: TokenSetting, **others: Any) -> None:  # noqa: ANN401 - attributes of every type
    """A key that somebody put into the token with another tool."""
    with TokenLoader(setting) as loader:
        attributes = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.SIGN: True,
            Attribute.DERIVE: False,
            Attribute.WRAP: False,
            Attribute.LABEL: OURS.label,
            Attribute.ID: bytes(8),
            Attribute.VALUE: HELD.key.secret.ljust(32, b"\0"),
        }
        loader.session.create_object(attributes | {Attribute[name]: value for name, value in others.items()})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "extractable": ({"EXTRACTABLE": True}, "taken out"),
    "not sensitive": ({"SENSITIVE": False}, "taken out"),
    "a key that makes keys": ({"DERIVE": True}, "taken out"),
    "a key that wraps keys": ({"WRAP": True}, "taken out"),
    "no seal": ({}, "seal"),
    "a short seal": ({"ID": b"1234"}, "seal"),
    "a long seal": ({"ID": bytes(16)}, "another kind"),
    "a label without sense": ({"LABEL": "umbane key"}, "says nothing"),
    "a label of its own": ({"LABEL": OURS.label.replace(" 04 ", " 4 ")}, "would have"),
    "of another kind": ({"LABEL": TokenKey.of(DES_HELD).label, "ID": bytes(16)}, "another kind"),
    "for nothing": ({"SIGN": False}, "may not sign"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_keys(make_token: MakeToken, name: str) -> None:
    """A token with a key in it that isn't guarded, or isn't what it says, is not opened."""
    setting = make_token()
    others, reason = WRONG[name]
    made_by_hand(setting, **others)
    with pytest.raises(TokenKeyError, match=reason):
        vault_of(setting)


class Liar(Handle):
    """A key in a token that says that it guards it, and gives it away all the same."""

    def attributes(self, *names: Attribute) -> dict[Attribute, Any]:
        """What it says, and the key itself if that is asked for."""
        said = super().attributes(*names)
        return said | {Attribute.VALUE: b"the key"} if Attribute.VALUE in names else said


def test_not_believed(token: TokenSetting) -> None:
    """That a key can't be read isn't believed but tried, and the error doesn't hold what was read."""
    with TokenLoader(token) as loader:
        held = next(key for key in secrets_in(loader) if key.label == OURS.label)
        assert checked(Handle(held, loader.library), held.label).key == OURS
        with pytest.raises(TokenKeyError, match="taken out") as caught:
            checked(Liar(held, loader.library), held.label)
    assert "the key'" not in str(caught.value)


def test_others_keys(make_token: MakeToken) -> None:
    """Keys of others in the same token are left alone."""
    setting = loaded(make_token(), HELD)
    made_by_hand(setting, LABEL="umbanes", EXTRACTABLE=True)
    made_by_hand(setting, LABEL="")
    assert len(vault_of(setting).names()) == 1


def test_two_of_one_name(make_token: MakeToken) -> None:
    """Two keys of one name are refused, even if each is sealed."""
    setting = loaded(make_token(), HELD)
    later = replace(OURS, ken=KEN(80))
    with TokenLoader(setting) as loader:
        (handle,) = secrets_in(loader)
        seal = handle.sign(sealed_text(later, b""), mechanism=Mechanism.SHA256_HMAC)[:8]
    made_by_hand(setting, LABEL=later.label, ID=seal)
    with pytest.raises(KeyClashError, match="two keys"):
        vault_of(setting)


# -------------------------------------------------------------------------------------------------------------- realms


def test_test_keys_in_production(make_token: MakeToken) -> None:
    """A token of test keys is not opened for production, also when its keys are labelled as production keys."""
    with pytest.raises(RealmError, match="test realm"):
        vault_of(loaded(make_token(), HELD), Realm.PRODUCTION)
    for held in (HELD, DES_HELD):
        setting = loaded(make_token(), RealmKey(Realm.PRODUCTION, held.key))
        with pytest.raises(RealmError, match="anyone can compute"):
            vault_of(setting, Realm.PRODUCTION)


def test_production_keys(make_token: MakeToken) -> None:
    """A production key is taken for production, and for nothing else."""
    setting = loaded(make_token(), RealmKey(Realm.PRODUCTION, OWN))
    assert vault_of(setting, Realm.PRODUCTION).decoder_key(KEY, METERS[0], EA.STA) == derive(
        OWN, METERS[0], KEY.ti, EA.STA
    )
    with pytest.raises(RealmError, match="production realm"):
        vault_of(setting)


def test_another_keys_handle(token: TokenSetting) -> None:
    """What was made under a handle that turns out to be another key's is given to nobody."""
    pool = TokenPool(token, 1)
    held = pool.run(lambda keys: keys[VendingKeyName(*KEY[:3])])
    other = pool.run(lambda keys: keys[VendingKeyName(*NEXT[:3])])
    with pytest.raises(KeyHandleInvalid):
        held._replace(handle=other.handle).derive([b"data"])
    pool.close()


def test_a_vault_stays_where_it_is(token: TokenSetting) -> None:
    """A token's vault shows how many keys it has, and can't be copied."""
    vault = vault_of(token)
    assert repr(vault) == "TokenVault(test, 7 keys)"
    with pytest.raises(TypeError, match="keys stay where they are"):
        copy.copy(vault)


def test_not_on_the_disk(make_token: MakeToken, tokens: Path) -> None:
    """SoftHSM keeps keys encrypted: no file of its folder has the bits of a key that was loaded."""
    loaded(make_token(), HELD, published_key(GROUP, KRN(2), kt=KT.DDTK))
    content = b"".join(path.read_bytes() for path in tokens.rglob("*") if path.is_file())
    assert OURS.label.encode() not in content  # private objects are encrypted whole
    assert HELD.key.secret not in content
