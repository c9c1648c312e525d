"""Requests in words, as the journal has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.support import KEY, METERS, change, request
from tests.sts.support import algorithms, all_tokens, as_carried, key_types, krns, pans, sgcs, tids, tis
from umbane.security import JournalError, KeyChangeRequest, KeyName, Record, TokenRequest
from umbane.security.orders import change_orders, read_record, token_orders


def words(asked: TokenRequest) -> str:
    """What the journal says of a request for a token."""
    return token_orders([asked])[0].text


def change_words(asked: KeyChangeRequest) -> str:
    """What the journal says of a request for a key change."""
    return change_orders([asked])[0].text


ids = st.uuids()
names = st.builds(KeyName, sgcs, krns, key_types, tis)
token_requests = st.builds(TokenRequest, ids, pans, algorithms, names, all_tokens)
change_requests = st.builds(KeyChangeRequest, ids, pans, algorithms, names, names, tids, st.booleans())


@given(token_requests, st.integers(0, 10**12 - 1))
def test_token_and_back(asked: TokenRequest, number: int) -> None:
    """A request for any token is read from the journal as it was written, with the amount that the token carries."""
    record = read_record(f"{number:012} 1 {words(asked)}\n".encode())
    assert record == Record(number, 1, asked._replace(token=as_carried(asked.token)))


@given(change_requests, st.integers(2, 4))
def test_change_and_back(asked: KeyChangeRequest, made: int) -> None:
    """A request for a key change is read from the journal as it was written."""
    assert read_record(f"{5:012} {made} {change_words(asked)}\n".encode()) == Record(5, made, asked)


@given(token_requests, token_requests)
def test_one_text_for_one_request(asked: TokenRequest, other: TokenRequest) -> None:
    """Two requests have the same words only if they ask for the same."""
    same = asked._replace(token=as_carried(asked.token)) == other._replace(token=as_carried(other.token))
    assert (words(asked) == words(other)) is same


@given(change_requests, change_requests)
def test_one_text_for_one_change(asked: KeyChangeRequest, other: KeyChangeRequest) -> None:
    """The same holds for key changes."""
    assert (change_words(asked) == change_words(other)) is (asked == other)


LINE = f"000000000005 1 {words(request())}\n"
WRONG = {
    "no such kind": LINE.replace("token", "tokens"),
    "another amount": LINE.replace("0646c75", "0656c75"),
    "a check digit of the meter": LINE.replace(METERS[0].digits, METERS[0].digits[:-1] + "0"),
    "no such algorithm": LINE.replace(" 07 ", " 08 "),
    "no such key type": LINE.replace(f"{KEY.sgc} 1 2 01", f"{KEY.sgc} 1 7 01"),
    "a word missing": LINE.replace(" 07 ", " "),
    "a word too many": LINE.replace(" 07 ", " 07 07 "),
    "an id that is none": LINE.replace(LINE.split()[2], "0" * 31),
    "no number": LINE.replace("000000000005", "00000000000x"),
}


@pytest.mark.parametrize("name", WRONG)
def test_without_meaning(name: str) -> None:
    """An entry that no request was ever written as is said to have no meaning."""
    assert WRONG[name] != LINE
    with pytest.raises(JournalError, match="no meaning"):
        read_record(WRONG[name].encode())


def test_fixed_words() -> None:
    """The words stay what they are: the journals of years are compared by them."""
    asked = request(id_=None)
    assert words(asked) == f"{asked.id.hex} token 600727070000000051 07 123456 1 2 01 00565da7000646c75"
    changed = change(with_sgc=True)
    said = "key-change 600727070000000051 07 123456 1 2 01 123456 2 2 01 6675056 1"
    assert change_words(changed) == f"{changed.id.hex} {said}"
