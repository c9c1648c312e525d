"""Vending keys by their names, and the walls between realms."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.support import DES_KEY, GROUP, KEY, KEYS, UNKNOWN
from tests.sts.support import base_dates, krns, sgcs, vended_types, vending_keys
from umbane.security import KeyClashError, KeyName, Realm, RealmError, RealmKey, UnknownKeyError, Vault, published_key
from umbane.security.vault import check_value, published_vault
from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate, VendingKey

OWN = VendingKey(bytes(range(20)), DKGA.KDF_HMAC_SHA256, GROUP, KRN(1), KT.DUTK, BaseDate.Y2014)
any_keys = vending_keys(DKGA.KDF_HMAC_SHA256) | vending_keys(DKGA.DES)
algorithms = st.sampled_from(DKGA)


def test_by_name() -> None:
    """A vault gives the vending key that a meter's key comes from, whatever its tariff index."""
    vault = Vault(Realm.TEST, KEYS.values())
    assert vault.vending_key(KEY) is KEYS[KEY[:3]].key
    assert vault.vending_key(DES_KEY) is KEYS[DES_KEY[:3]].key


@pytest.mark.parametrize(
    "name", [UNKNOWN, KEY._replace(krn=KRN(3)), KEY._replace(kt=KT.DITK), KEY._replace(sgc=SGC(0))]
)
def test_no_such_key(name: KeyName) -> None:
    """A key that isn't there is named in the error."""
    with pytest.raises(UnknownKeyError, match=f"SGC {name.sgc} KRN {name.krn} {name.kt.name}"):
        Vault(Realm.TEST, KEYS.values()).vending_key(name)


# --------------------------------------------------------------------------------------------------------------- realms


@given(any_keys)
def test_production_key_in_a_test_vault(key: VendingKey) -> None:
    """A key of the production realm never goes into a test vault, and the error shows nothing of it."""
    vault = Vault(Realm.TEST)
    with pytest.raises(RealmError, match="production realm") as caught:
        vault.add(RealmKey(Realm.PRODUCTION, key))
    assert vault.keys == {}
    assert key.secret.hex() not in str(caught.value)


@given(any_keys)
def test_test_key_in_a_production_vault(key: VendingKey) -> None:
    """A key of the test realm never goes into a production vault."""
    vault = Vault(Realm.PRODUCTION)
    with pytest.raises(RealmError, match="test realm"):
        vault.add(RealmKey(Realm.TEST, key))
    assert vault.keys == {}


@given(sgcs, krns, vended_types, algorithms, base_dates)
def test_test_key_with_a_false_label(sgc: SGC, krn: KRN, kt: KT, dkga: DKGA, base_date: BaseDate) -> None:
    """A key that anyone can compute is known as such, even when it is said to be of the production realm."""
    held = published_key(sgc, krn, kt=kt, dkga=dkga, base_date=base_date)
    assert held.realm is Realm.TEST
    with pytest.raises(RealmError, match="anyone can compute"):
        Vault(Realm.PRODUCTION, [RealmKey(Realm.PRODUCTION, held.key)])


@given(any_keys)
def test_production_key_at_home(key: VendingKey) -> None:
    """A production key goes into a production vault."""
    assert list(Vault(Realm.PRODUCTION, [RealmKey(Realm.PRODUCTION, key)]).keys.values()) == [key]


def test_half_a_vault() -> None:
    """A vault whose last key is of another realm isn't made at all."""
    with pytest.raises(RealmError):
        Vault(Realm.TEST, [*KEYS.values(), RealmKey(Realm.PRODUCTION, OWN)])


@given(sgcs, krns, algorithms)
def test_published_keys(sgc: SGC, krn: KRN, dkga: DKGA) -> None:
    """A key of the test realm is the same whenever it is computed, and another for every group and revision."""
    key = published_key(sgc, krn, dkga=dkga).key
    assert key == published_key(sgc, krn, dkga=dkga).key
    assert key.secret != published_key(sgc, krn.following(), dkga=dkga).key.secret
    assert key.secret != published_key(SGC((sgc.value + 1) % 1_000_000), krn, dkga=dkga).key.secret


def test_published_vault() -> None:
    """A vault of test keys is made from the names of groups and revisions."""
    vault = published_vault([(GROUP, KRN(1)), (GROUP, KRN(2))])
    assert vault.vending_key(KEY) == published_key(GROUP, KRN(1)).key
    assert len(vault.keys) == 2


# ---------------------------------------------------------------------------------------------------------- one by name


@pytest.mark.parametrize(
    "other",
    [
        published_key(GROUP, KRN(1), dkga=DKGA.DES),
        published_key(GROUP, KRN(1), base_date=BaseDate.Y1993),
        RealmKey(Realm.TEST, OWN),
    ],
    ids=["another algorithm", "another base date", "other bits"],
)
def test_two_of_one_name(other: RealmKey) -> None:
    """Two keys of one name clash; the one that was there stays."""
    vault = Vault(Realm.TEST, [published_key(GROUP, KRN(1))])
    with pytest.raises(KeyClashError, match="new KRN"):
        vault.add(other)
    assert vault.vending_key(KEY) == published_key(GROUP, KRN(1)).key


def test_another_expiry() -> None:
    """The same key with another expiry takes the place of the one that was there."""
    vault = Vault(Realm.TEST, [published_key(GROUP, KRN(1))])
    vault.add(published_key(GROUP, KRN(1), ken=KEN(80)))
    assert vault.vending_key(KEY).ken == KEN(80)


@given(any_keys, any_keys)
def test_check_values(key: VendingKey, other: VendingKey) -> None:
    """A check value is six digits, the same for the same key and others for another."""
    assert len(check_value(key)) == 6
    assert check_value(key) == check_value(replace(key, ken=KEN(0)))
    if key.secret != other.secret:
        assert check_value(key) != check_value(other)


# -------------------------------------------------------------------------------------------------------------- secrets

COPIES: dict[str, Callable[[object], object]] = {"pickle": pickle.dumps, "copy": copy.copy, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize(
    "value", [Vault(Realm.TEST, KEYS.values()), published_key(GROUP, KRN(1))], ids=["vault", "key"]
)
def test_not_copied(value: object, way: str) -> None:
    """Neither a vault nor a key in it can be pickled or copied."""
    with pytest.raises(TypeError, match="keys stay where they are"):
        COPIES[way](value)


def test_not_shown() -> None:
    """A vault shows how many keys it has, and a key its name: neither shows bits."""
    vault = Vault(Realm.TEST, KEYS.values())
    assert repr(vault) == str(vault) == "Vault(test, 7 keys)"
    for held in KEYS.values():
        shown = repr(held) + str(held) + repr(vault.keys)
        assert held.key.secret.hex() not in shown
        assert repr(held.key.secret) not in shown
