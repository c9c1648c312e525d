"""Many tokens to digits and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sts.batch.columns import ENOUGH, few_or_many
from tests.sts.hazmat import oracle
from tests.sts.support import all_tokens, decoder_keys, key_types, usable_keys
from umbane import sts
from umbane.sts import (
    EA,
    KEN,
    KRN,
    KT,
    SAMPLE_TABLES,
    TI,
    TID,
    ClearCredit,
    CrcError,
    Credit,
    CurrencyCredit,
    DecoderKey,
    EncodedToken,
    InitiateTest,
    KeyExpiredError,
    KeyUseError,
    Service,
    StaTables,
    StsInputError,
    Token,
    TokenFormatError,
)
from umbane.sts.batch import Decoded, DecoderKeys, Tokens, credit, decode, encode, messages
from umbane.sts.batch.arrays import CHUNK
from umbane.sts.content import message

amounts = st.integers(0, 20_000)
rnds = st.integers(0, 15)
tids = st.integers(0, (1 << 24) - 1).map(TID)
tokens_of_all_kinds = st.one_of(
    st.builds(Credit, st.sampled_from(Service), amounts, tid=tids, rnd=rnds),
    st.builds(CurrencyCredit, st.sampled_from(Service), st.integers(-(10**20), 10**20), tids),
    st.builds(InitiateTest, st.integers(0, (1 << 28) - 1), subclass=st.sampled_from([0, 1, 2])),
    st.builds(ClearCredit, st.integers(0, 0xFFFF), tid=tids, rnd=rnds),
)


def rows(keys: st.SearchStrategy[DecoderKey]) -> st.SearchStrategy[list[tuple[Token, DecoderKey]]]:
    """Tokens, each with a key."""
    return few_or_many(st.tuples(tokens_of_all_kinds, keys))


usable = st.sampled_from(EA).flatmap(
    lambda ea: rows(decoder_keys(ea=st.just(ea), kt=st.sampled_from([KT.DITK, KT.DUTK]), ken=st.just(KEN(255))))
)


def single_key(ea: EA, *, kt: KT = KT.DUTK, ken: int = 255, value: int = 12345) -> DecoderKey:
    """A key."""
    return DecoderKey(value, ea, kt, KRN(1), TI(1), KEN(ken))


def decoded_bits(decoded: Decoded) -> list[int]:
    """The bits of tokens that are all authentic."""
    return [int(bits) for bits in decoded.require_authentic().bits]


@given(usable)
def test_like_one_by_one(table: list[tuple[Token, DecoderKey]]) -> None:
    """Every row has the digits of the single token, and comes back from them."""
    tokens, keys = Tokens.of(token for token, _ in table), DecoderKeys.of(key for _, key in table)
    digits = encode(tokens, keys)
    assert [token.decode() for token in digits] == [sts.encode(token, key).digits for token, key in table]
    assert decoded_bits(decode(digits, keys)) == [message(token) >> 16 for token, _ in table]


@given(rows(decoder_keys(ea=st.just(EA.STA), kt=st.just(KT.DUTK), ken=st.just(KEN(255)))), oracle.tables)
@settings(max_examples=10)
def test_other_tables(table: list[tuple[Token, DecoderKey]], tables: StaTables) -> None:
    """Tables that are passed in are the ones that are used, both ways."""
    tokens, keys = Tokens.of(token for token, _ in table), DecoderKeys.of(key for _, key in table)
    digits = encode(tokens, keys, tables=tables)
    assert [token.decode() for token in digits] == [sts.encode(*row, tables=tables).digits for row in table]
    assert decoded_bits(decode(digits, keys, tables=tables)) == tokens.bits.tolist()


@given(st.lists(all_tokens))
def test_messages_like_one_by_one(tokens: list[Token]) -> None:
    """The bits of many tokens before encryption are those of each."""
    assert messages(tokens) == list(map(message, tokens))


@given(few_or_many(st.integers(0, (1 << 66) - 1)), usable_keys)
def test_any_digits(numbers: list[int], key: DecoderKey) -> None:
    """Digits are authentic here exactly when they are alone; what isn't authentic is all zeros."""
    tokens, authentic = decode([f"{number:020}" for number in numbers], DecoderKeys.of([key]))
    for number, bits, valid in zip(numbers, tokens.bits.tolist(), authentic.tolist(), strict=True):
        try:
            token = sts.decode(EncodedToken(number), key)
        except CrcError:
            assert not valid
            assert bits == 0
        except sts.StsError:
            assert valid or number >> 27 & 3 == 1
        else:
            assert valid
            assert bits == message(token) >> 16


@pytest.mark.parametrize("ea", EA)
@pytest.mark.parametrize("rows", [3, ENOUGH])
def test_wrong_key(ea: EA, rows: int) -> None:
    """Under another key a token isn't authentic, and nothing of it is told."""
    tokens = credit(Service.ELECTRICITY, range(100, 100 + rows), tid=range(rows), rnd=5)
    keys = [single_key(ea, value=54321 if row == 1 else 12345) for row in range(rows)]
    decoded = decode(encode(tokens, DecoderKeys.of([single_key(ea)])), DecoderKeys.of(keys))
    assert decoded.authentic.tolist() == [row != 1 for row in range(rows)]
    assert decoded.tokens.bits[1] == 0
    assert decoded.tokens.value[2:].tolist() == list(range(102, 100 + rows))
    with pytest.raises(CrcError, match="row 1"):
        decoded.require_authentic()


@given(st.integers(0, 19), st.integers(1, 9))
def test_mistyped(place: int, change: int) -> None:
    """A mistyped digit leaves no token that says something else."""
    keys = DecoderKeys.of([single_key(EA.STA)])
    tokens = credit(Service.ELECTRICITY, 100, tid=1, rnd=5)
    digits = encode(tokens, keys)[0].decode()
    wrong = f"{digits[:place]}{(int(digits[place]) + change) % 10}{digits[place + 1 :]}"
    try:
        decoded = decode([wrong], keys)
    except TokenFormatError:
        assert int(wrong) >> 66
    else:
        assert not decoded.authentic.any() or decoded.tokens.bits.tolist() != tokens.bits.tolist()


@pytest.mark.parametrize("ea", EA)
def test_more_than_a_chunk(ea: EA) -> None:
    """Rows beyond a chunk are like those in the first."""
    count = 2 * CHUNK + 1
    three = DecoderKeys.of([single_key(ea, value=value) for value in (1, 2, 3)])
    keys = DecoderKeys(ea, *(np.resize(column, (count, *column.shape[1:])) for column in three.columns))
    tokens = credit(Service.ELECTRICITY, np.arange(count) % 16_000, tid=np.arange(count), rnd=1)
    digits = encode(tokens, keys)
    assert decoded_bits(decode(digits, keys)) == tokens.bits.tolist()
    last = Credit(Service.ELECTRICITY, (count - 1) % 16_000, tid=TID(count - 1), rnd=1)
    assert digits[-1].decode() == sts.encode(last, single_key(ea, value=(count - 1) % 3 + 1)).digits


def test_single_values_go_with_all() -> None:
    """One token goes to many keys, and one key to many tokens, on either way."""
    one, many = DecoderKeys.of([single_key(EA.STA)]), DecoderKeys.of([single_key(EA.STA, value=n) for n in range(5)])
    tokens = credit(Service.ELECTRICITY, 100, tid=1, rnd=5)
    assert len(set(encode(tokens, many).tolist())) == 5
    digits = encode(credit(Service.ELECTRICITY, range(5), tid=1, rnd=5), one)
    assert decode(digits, one).require_authentic().value.tolist() == [0, 1, 2, 3, 4]
    assert decode(digits[:1], many).authentic.tolist() == [False] * 5


def test_class_1_without_keys() -> None:
    """Tokens of class 1 need no keys, on either way."""
    tests = [InitiateTest.everything(), InitiateTest.everything(code_digits=4)]
    digits = encode(Tokens.of(tests))
    assert digits.tolist() == [b"56493153725450313471", b"02305843005052951967"]
    assert decoded_bits(decode(digits)) == [message(test) >> 16 for test in tests]


def test_others_without_keys() -> None:
    """Without keys there is no other token, and none is read."""
    with pytest.raises(StsInputError, match="DecoderKeys"):
        encode(credit(Service.ELECTRICITY, 100, tid=1, rnd=5))
    with pytest.raises(StsInputError, match="DecoderKeys"):
        decode(["0" * 20])


@pytest.mark.parametrize("ea", EA)
def test_nothing(ea: EA) -> None:
    """No tokens have no digits."""
    keys = DecoderKeys.of([single_key(ea)])
    assert len(encode(Tokens.of([]), keys)) == 0
    assert len(decode([], keys).tokens) == 0
    assert len(decode([])[1]) == 0


def test_credit_under_a_ddtk() -> None:
    """Credit isn't encrypted with a DDTK, by whose row it is refused; other tokens are."""
    keys = DecoderKeys.of([single_key(EA.STA), single_key(EA.STA, kt=KT.DDTK)])
    with pytest.raises(KeyUseError, match="row 1"):
        encode(credit(Service.ELECTRICITY, 100, tid=1, rnd=5), keys)
    limit = ClearCredit(0, tid=TID(1), rnd=5)
    assert len(encode(Tokens.of([limit, limit]), keys)) == 2


def test_expired_key() -> None:
    """A TID beyond its key's KEN is refused by its row, the first minute beyond included."""
    keys = DecoderKeys.of([single_key(EA.STA, ken=85)])
    last = (85 << 16) + 0xFFFF
    assert len(encode(credit(Service.ELECTRICITY, 100, tid=[1, last], rnd=5), keys)) == 2
    with pytest.raises(KeyExpiredError, match="row 1"):
        encode(credit(Service.ELECTRICITY, 100, tid=[1, last + 1], rnd=5), keys)


@given(rows(decoder_keys(ea=st.just(EA.MISTY1), kt=key_types)))
def test_rules_like_one_by_one(table: list[tuple[Token, DecoderKey]]) -> None:
    """A batch is refused when one of its tokens alone is, with the same kind of error as one of those."""
    refusals = set()
    for token, key in table:
        try:
            sts.encode(token, key)
        except sts.StsError as error:
            refusals.add(type(error))
    tokens, keys = Tokens.of(token for token, _ in table), DecoderKeys.of(key for _, key in table)
    if refusals:
        with pytest.raises(tuple(refusals), match="row"):
            encode(tokens, keys)
    else:
        assert len(encode(tokens, keys)) == len(table)


@pytest.mark.parametrize("wrong", [None, 5, [b"0" * 20], InitiateTest(1)])
def test_not_tokens(wrong: object) -> None:
    """What isn't Tokens isn't encoded."""
    with pytest.raises(StsInputError, match="Tokens"):
        encode(wrong, DecoderKeys.of([single_key(EA.STA)]))  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize("wrong", [5, [12345], single_key(EA.STA)])
def test_not_keys(wrong: object) -> None:
    """What isn't DecoderKeys is no key."""
    with pytest.raises(StsInputError, match="DecoderKeys"):
        encode(credit(Service.GAS, 1, tid=1, rnd=1), wrong)  # type: ignore[arg-type] # what is tested
    with pytest.raises(StsInputError, match="DecoderKeys"):
        decode(["0" * 20], wrong)  # type: ignore[arg-type] # what is tested


def test_not_tables() -> None:
    """What isn't StaTables is no table."""
    keys = DecoderKeys.of([single_key(EA.STA)])
    with pytest.raises(StsInputError, match="StaTables"):
        encode(credit(Service.GAS, 1, tid=1, rnd=1), keys, tables=SAMPLE_TABLES.permutation)  # type: ignore[arg-type] # what is tested
    with pytest.raises(StsInputError, match="StaTables"):
        decode(["0" * 20], keys, tables=None)  # type: ignore[arg-type] # what is tested


def test_different_lengths() -> None:
    """Two keys don't go with three tokens, on either way."""
    keys = DecoderKeys.of([single_key(EA.STA)] * 2)
    with pytest.raises(StsInputError, match="keys: it has 2 rows, but tokens has 3"):
        encode(credit(Service.GAS, [1, 2, 3], tid=1, rnd=1), keys)
    with pytest.raises(StsInputError, match="keys: it has 2 rows, but tokens has 3"):
        decode(["0" * 20] * 3, keys)
