"""Orders to tokens: together as by themselves."""

from dataclasses import fields, replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.support import (
    COMMON,
    DEFAULT,
    DES_KEY,
    EXPIRED_KEY,
    KEY,
    KEYS,
    METERS,
    NEXT,
    NEXT_DES_KEY,
    UNKNOWN,
    change,
    changes_of_each,
    credit,
    decoder_key,
    expected,
    request,
    requests,
)
from tests.sts.support import all_tokens, as_carried
from umbane.errors import UmbaneError
from umbane.security import KeyChangeRequest, KeyName, Realm, Refused, TokenRequest, Vault, VerifyRequest
from umbane.security.keyring import Keyring
from umbane.security.making import Made, Maker, by_vending_key, refused
from umbane.security.orders import change_orders, token_orders
from umbane.sts import (
    EA,
    KRN,
    SAMPLE_TABLES,
    TI,
    EncodedToken,
    KeyChangeSection,
    StaTables,
    StsInputError,
    key_change_set,
)

MAKER: Final = Maker(Keyring(Vault(Realm.TEST, KEYS.values())), SAMPLE_TABLES)

names = st.sampled_from([KEY, NEXT, DEFAULT, COMMON, EXPIRED_KEY, DES_KEY, NEXT_DES_KEY, UNKNOWN])
token_requests = st.builds(
    request,
    pan=st.sampled_from(METERS),
    ea=st.sampled_from(EA),
    key=st.builds(lambda name, ti: name._replace(ti=TI(ti)), names, st.integers(0, 99)),
    token=all_tokens | st.just(credit()),
)
change_requests = st.builds(
    change,
    pan=st.sampled_from(METERS),
    ea=st.sampled_from(EA),
    key=names,
    new=names,
    with_sgc=st.booleans(),
)


def alone(asked: TokenRequest | KeyChangeRequest) -> object:
    """What the standard's own functions make of a request, or the kind of their refusal."""
    if isinstance(asked, TokenRequest) and isinstance(asked.token, KeyChangeSection):
        return "StsInputError"
    try:
        for name in (asked.key, asked.new) if isinstance(asked, KeyChangeRequest) else (asked.key,):
            if name[:3] == UNKNOWN[:3]:
                return "UnknownKeyError"
            decoder_key(name, asked.pan, asked.ea)
        return expected(asked)
    except UmbaneError as error:
        return type(error).__name__


def encoded(made: Made) -> tuple[EncodedToken, ...]:
    """The tokens that were made."""
    assert not isinstance(made, Refused)
    return tuple(map(EncodedToken, made))


def shown(made: Made) -> object:
    """Tokens, or the kind of a refusal."""
    return type(made.reason).__name__ if isinstance(made, Refused) else encoded(made)


@given(st.lists(token_requests, max_size=100))
@settings(max_examples=20)
def test_tokens(asked: list[TokenRequest]) -> None:
    """Whatever is in a list, good and bad, each member gets what it would get by itself."""
    assert list(map(shown, MAKER.tokens(token_orders(asked)))) == list(map(alone, asked))


@given(st.lists(change_requests, max_size=60))
@settings(max_examples=30)
def test_changes(asked: list[KeyChangeRequest]) -> None:
    """The same holds for key changes."""
    assert list(map(shown, MAKER.changes(change_orders(asked)))) == list(map(alone, asked))


@pytest.mark.parametrize("each", [2, 4, 7, 8, 20])
def test_keys_by_turns(each: int) -> None:
    """Meters of several vending keys, by turns, get the tokens of their own keys, however few have each of these."""
    asked = [request(pan=METERS[turn % 2], key=(KEY, NEXT, DES_KEY)[turn % 3]) for turn in range(3 * each)]
    assert list(map(encoded, MAKER.tokens(token_orders(asked)))) == [expected(one) for one in asked]
    changing = [change(pan=METERS[turn % 2], key=it, new=KEY) for turn, it in enumerate([NEXT, DES_KEY] * each)]
    assert list(map(encoded, MAKER.changes(change_orders(changing)))) == [expected(one) for one in changing]


@pytest.mark.parametrize("place", [0, 31, 32, 99])
def test_one_bad_among_many(place: int) -> None:
    """One bad request among many is found wherever it stands."""
    asked = requests(100)
    asked[place] = request(key=UNKNOWN)
    made = MAKER.tokens(token_orders(asked))
    assert [row for row, one in enumerate(made) if isinstance(one, Refused)] == [place]


def test_other_tables() -> None:
    """The EA07 tables that a maker is given are the ones it uses, many at once, alone, and when it reads."""
    permutation = (*SAMPLE_TABLES.permutation[1:], SAMPLE_TABLES.permutation[0])
    turned = StaTables("turned", SAMPLE_TABLES.substitution1, SAMPLE_TABLES.substitution2, permutation)
    maker = Maker(MAKER.keyring, turned)
    for count in (1, 50):
        asked = requests(count)
        made = list(map(encoded, maker.tokens(token_orders(asked))))
        assert all(one != expected(other) for one, other in zip(made, asked, strict=True))
        changes = change_orders([change(pan=pan) for pan in METERS[:count]])
        changed = map(encoded, maker.changes(changes))
        assert all(one != expected(order.request) for one, order in zip(changed, changes, strict=True))
        assert maker.read(VerifyRequest(asked[0].pan, EA.STA, KEY, made[0][0])) == asked[0].token


@given(token_requests.filter(lambda asked: isinstance(alone(asked), tuple)))
def test_read(asked: TokenRequest) -> None:
    """What was made is read as what the token carries."""
    ((made,),) = map(encoded, MAKER.tokens(token_orders([asked])))
    assert MAKER.read(VerifyRequest(asked.pan, asked.ea, asked.key, made)) == as_carried(asked.token)


@pytest.mark.parametrize("asked", changes_of_each())
def test_key_change_read(asked: KeyChangeRequest) -> None:
    """A section of a key change is read as what it is, with zeros in the place of the bits of the key."""
    current, new = (decoder_key(name, asked.pan, asked.ea) for name in (asked.key, asked.new))
    sections = key_change_set(current, new, at=asked.at, with_sgc=asked.with_sgc)
    for digits, section in zip(expected(asked), sections, strict=True):
        said = MAKER.read(VerifyRequest(asked.pan, asked.ea, asked.key, digits))
        assert repr(said) == repr(section)
        assert said == replace(section, **{it.name: 0 for it in fields(section) if not it.repr})


def test_refusals_forget_their_way() -> None:
    """A refusal keeps the words of its error and nothing of where it came from."""
    try:
        try:
            raise ValueError("a key")  # noqa: TRY301 - what an error comes from is what is to be forgotten
        except ValueError as cause:
            raise StsInputError("token", "it is none", "give one") from cause
    except StsInputError as error:
        reason = refused(error).reason
    assert str(reason) == "token: it is none; give one"
    assert (reason.__traceback__, reason.__cause__, reason.__context__) == (None, None, None)


def test_rows_of_each_vending_key() -> None:
    """Names that are equal, in whichever object, or but for the tariff index, share a vending key."""
    one, other = KEY, KEY._replace(krn=KRN(2))
    names = [one, other, KeyName(*KEY), one, KEY._replace(ti=TI(9)), other, KeyName(*KEY)]
    assert list(by_vending_key(names)) == [[0, 2, 3, 4, 6], [1, 5]]
