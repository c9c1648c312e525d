"""Tokens to digits and back."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sts.hazmat import oracle
from tests.sts.support import (
    HUGE,
    RawToken,
    all_tokens,
    as_carried,
    decoder_keys,
    display_tokens,
    each,
    encrypted_tokens,
    kens,
    refused,
    sections,
    shows,
    stamped_tokens,
    tids,
    usable_keys,
    values_of,
)
from umbane.sts import (
    DKGA,
    EA,
    KEN,
    KRN,
    KT,
    SAMPLE_TABLES,
    SGC,
    TI,
    TID,
    BaseDate,
    ClearCredit,
    ClearTamperCondition,
    CrcError,
    Credit,
    CurrencyCredit,
    DecoderKey,
    EncodedToken,
    InitiateTest,
    KeyChangeSection,
    KeyExpiredError,
    KeyUseError,
    MeterPAN,
    MfrCodeError,
    Register,
    Service,
    SetMaximumPowerLimit,
    StaTables,
    Token,
    TokenContentError,
    TokenFormatError,
    UnknownTokenError,
    VendingKey,
    decode,
    derive,
    encode,
    message,
    read_message,
)
from umbane.sts.crc import crc, crc_c
from umbane.sts.framing import split_class
from umbane.sts.hazmat import misty1, sta

STA_KEY = DecoderKey(0x0ABC12DEF3456789, EA.STA, KT.DUTK, KRN(1), TI(1))
MISTY1_KEY = DecoderKey(0x00112233445566778899AABBCCDDEEFF, EA.MISTY1, KT.DUTK, KRN(1), TI(1))
KEYS = [STA_KEY, MISTY1_KEY]
Stamped = Credit | CurrencyCredit | ClearTamperCondition
MOMENT = TID(6_675_056)
CREDIT = Credit(Service.ELECTRICITY, 100, tid=MOMENT, rnd=5)
MONEY = CurrencyCredit(Service.ELECTRICITY, -100_000, MOMENT)
TAMPER = ClearTamperCondition(tid=MOMENT, rnd=5)
TEST = InitiateTest.everything()

both_keys = pytest.mark.parametrize("key", KEYS, ids=["EA07", "EA11"])


def fits(token: EncodedToken, key: DecoderKey) -> bool:
    """Whether the check bits of a token fit under a key, reckoned without the codec."""
    block, token_class = split_class(token.bits)
    if token_class != 1:
        known = key.ea is EA.STA
        block = sta.decrypt(block, key.value, SAMPLE_TABLES) if known else misty1.decrypt(block, key.value)
    message = token_class << 48 | block >> 16
    is_currency = token_class == 0 and 4 <= block >> 60 < 8
    return (crc_c if is_currency else crc)(message) == block & 0xFFFF


def neighbours(token: EncodedToken) -> list[str]:
    """The 180 numbers that differ from a token in one digit."""
    digits = token.digits
    return [
        digits[:place] + other + digits[place + 1 :]
        for place in range(20)
        for other in "0123456789".replace(digits[place], "")
    ]


# ----------------------------------------------------------------------------------------------------------- published


def test_worked_example() -> None:
    """The worked example of the standard, from 25.6 kWh to 66 bits under the sample tables."""
    token = Credit(Service.ELECTRICITY, 256, tid=TID(0x19EB23), rnd=0xB)
    assert encode(token, STA_KEY).bits == 0x2C45ED1618406DF95


def test_published_under_ea07() -> None:
    """10 kWh under a published key, by the sample tables."""
    key = DecoderKey(0xE7B21AA9EC929C96, EA.STA, KT.DUTK, KRN(1), TI(1))
    assert encode(CREDIT, key).grouped == "0111 0209 1457 9496 0377"


@pytest.mark.parametrize(
    ("krn", "base", "token", "digits"),
    [
        (5, "35", Credit(Service.ELECTRICITY, 1, tid=TID(480), rnd=5), "11907826947753213480"),
        (4, "14", Credit(Service.WATER, 1, tid=TID(485), rnd=5), "03477912490596695895"),
        (1, "93", SetMaximumPowerLimit(1000, tid=TID(5_910_301), rnd=5), "26521936751055502278"),
        (1, "93", ClearCredit(Register.ALL, tid=TID(5_910_315), rnd=5), "59725289138639529749"),
        (1, "93", ClearTamperCondition(tid=TID(5_910_360), rnd=5), "02455019196514047304"),
    ],
)
def test_published_under_ea11(krn: int, base: str, token: Token, digits: str) -> None:
    """Published tokens of the test plan under EA11, from the vending key on."""
    secret = bytes.fromhex("abababababababab949494949494949401234567")
    vending = VendingKey(secret, DKGA.KDF_HMAC_SHA256, SGC(123457), KRN(krn), KT.DUTK, BaseDate(base))
    key = derive(vending, MeterPAN("600727000000000009"), TI(1), EA.MISTY1)
    assert encode(token, key).digits == digits
    assert decode(EncodedToken.parse(digits), key) == token


# ------------------------------------------------------------------------------------------------------- there and back


@given(all_tokens, usable_keys)
@settings(max_examples=300)
def test_there_and_back(token: Token, key: DecoderKey) -> None:
    """Every kind of token, under either cipher, is read by the meter as what it carries."""
    assert decode(EncodedToken.parse(encode(token, key).grouped), key) == as_carried(token)


@given(all_tokens, usable_keys)
def test_read_and_written(token: Token, key: DecoderKey) -> None:
    """What a meter has read leads back to the digits that were typed."""
    encoded = encode(token, key)
    assert encode(decode(encoded, key), key) == encoded


@given(encrypted_tokens, decoder_keys(kt=st.just(KT.DUTK), ken=st.just(KEN(255))), oracle.tables)
@settings(max_examples=8)
def test_other_tables(token: Token, key: DecoderKey, tables: StaTables) -> None:
    """Tables that are passed in are used both ways."""
    assert decode(encode(token, key, tables=tables), key, tables=tables) == as_carried(token)


@given(display_tokens, usable_keys)
def test_class_1_needs_no_key(token: InitiateTest, key: DecoderKey) -> None:
    """Tokens of class 1 are the same for all keys, and are read without one."""
    assert encode(token) == encode(token, key)
    assert decode(encode(token)) == decode(encode(token), key) == token


@given(all_tokens, usable_keys)
def test_class_is_kept(token: Token, key: DecoderKey) -> None:
    """The class of a token can be read from its digits."""
    assert encode(token, key).token_class == token.token_class


@given(encrypted_tokens, usable_keys)
def test_only_the_key_bits_count(token: Token, key: DecoderKey) -> None:
    """Revision, tariff and group beside a key don't change the digits: they are in the key's bits already."""
    other = dataclasses.replace(key, krn=key.krn.following(), ti=TI(99), sgc=None, base_date=BaseDate.Y2035)
    assert encode(token, key) == encode(token, other)


@given(all_tokens)
def test_message_and_back(token: Token) -> None:
    """The 66 bits of every kind of token, not yet encrypted, are read as what the token carries."""
    assert read_message(message(token)) == as_carried(token)


# --------------------------------------------------------------------------------------------- mistyped and misdirected


@pytest.mark.parametrize("token", [CREDIT, MONEY, TAMPER, TEST], ids=["credit", "currency", "tamper", "test"])
def test_every_wrong_bit_of_a_message(token: Token) -> None:
    """A message with one bit wrong, whichever of the 66, is refused by its check bits."""
    for bit in range(66):
        with pytest.raises(CrcError):
            read_message(message(token) ^ 1 << bit)


@both_keys
@pytest.mark.parametrize("token", [CREDIT, MONEY, TAMPER, TEST], ids=["credit", "currency", "tamper", "test"])
def test_every_wrong_digit(token: Token, key: DecoderKey) -> None:
    """Of one token, all 180 numbers that differ in one digit are refused: as no token, or by their check bits."""
    for typed in neighbours(encode(token, key)):
        with pytest.raises((TokenFormatError, CrcError)):
            decode(EncodedToken.parse(typed), key)


@given(all_tokens, usable_keys, st.integers(0, 179))
def test_one_wrong_digit(token: Token, key: DecoderKey, which: int) -> None:
    """A wrong digit passes only when the 16 check bits happen to fit what it decrypts to: once in 65 536."""
    try:
        mistyped = EncodedToken.parse(neighbours(encode(token, key))[which])
    except TokenFormatError:
        return
    if fits(mistyped, key):
        return  # a collision: the standard has no more than 16 bits to notice it by
    with pytest.raises(CrcError):
        decode(mistyped, key)


@given(encrypted_tokens, usable_keys, usable_keys)
def test_another_key(token: Token, key: DecoderKey, other: DecoderKey) -> None:
    """A token for another meter passes only when the 16 check bits happen to fit."""
    encoded = encode(token, key)
    if fits(encoded, other):
        return  # the same key, or a collision
    with pytest.raises(CrcError):
        decode(encoded, other)


@both_keys
@pytest.mark.parametrize("token", [CREDIT, MONEY, TAMPER], ids=["credit", "currency", "tamper"])
def test_every_wrong_bit_of_the_key(token: Token, key: DecoderKey) -> None:
    """A key with one bit wrong, whichever it is, doesn't read a token."""
    encoded = encode(token, key)
    for bit in range(key.ea.key_bits):
        with pytest.raises(CrcError):
            decode(encoded, key.with_value(key.value ^ 1 << bit))


@given(values_of(66), usable_keys)
def test_any_number(bits: int, key: DecoderKey) -> None:
    """Any number of 66 bits is refused by its check bits, unless they fit."""
    token = EncodedToken(bits)
    if not fits(token, key):
        with pytest.raises(CrcError):
            decode(token, key)


@pytest.mark.parametrize("number", [0, (1 << 66) - 1, *(1 << bit for bit in range(66))])
def test_simple_numbers(number: int) -> None:
    """Zeros, ones and single bits are no tokens under either key."""
    for key in KEYS:
        with pytest.raises(CrcError):
            decode(EncodedToken(number), key)


def test_units_are_not_money() -> None:
    """Check bits for units don't fit a token for currency, nor the other way round."""
    units_as_money = RawToken(0, 4, CREDIT.content())
    with pytest.raises(CrcError):
        decode(encode(units_as_money, STA_KEY), STA_KEY)


def test_tables_of_others() -> None:
    """A token made with one set of tables isn't read with another."""
    turned = dataclasses.replace(
        SAMPLE_TABLES, name="turned", permutation=(*SAMPLE_TABLES.permutation[1:], SAMPLE_TABLES.permutation[0])
    )
    with pytest.raises(CrcError):
        decode(encode(CREDIT, STA_KEY), STA_KEY, tables=turned)
    assert encode(CREDIT, STA_KEY, tables=turned) != encode(CREDIT, STA_KEY)
    assert encode(CREDIT, MISTY1_KEY, tables=turned) == encode(CREDIT, MISTY1_KEY)


# ----------------------------------------------------------------------------------------------- without a meaning here


@both_keys
@pytest.mark.parametrize(
    ("token_class", "subclass"),
    [
        *((0, subclass) for subclass in range(8, 16)),
        *((1, subclass) for subclass in range(3, 6)),
        *((2, subclass) for subclass in range(11, 16)),
        *((3, subclass) for subclass in range(16)),
    ],
)
def test_reserved_and_proprietary(token_class: int, subclass: int, key: DecoderKey) -> None:
    """An authentic token of a reserved or proprietary kind is told from a mistyped one."""
    with pytest.raises(UnknownTokenError, match=f"class {token_class} subclass {subclass} is reserved"):
        decode(encode(RawToken(token_class, subclass, 0x123456789AB), key), key)


@both_keys
@pytest.mark.parametrize(
    ("subclass", "content"), [*((3, krn << 36) for krn in (0, 10, 15)), *((4, ti << 32) for ti in (100, 255))]
)
def test_impossible_fields(subclass: int, content: int, key: DecoderKey) -> None:
    """An authentic token with an impossible revision or tariff index is told from one that isn't known."""
    with pytest.raises(TokenContentError):
        decode(encode(RawToken(2, subclass, content), key), key)


@pytest.mark.parametrize(("subclass", "code"), [(0, 100), (0, 255), (1, 10_000), (9, 65_535), (15, 255)])
def test_no_maker(subclass: int, code: int) -> None:
    """A token of class 1 with the code of no maker is for no meter."""
    with pytest.raises(MfrCodeError):
        decode(encode(RawToken(1, subclass, code)))


@given(st.integers(0, 3), values_of(4), values_of(44), usable_keys)
@settings(max_examples=200)
def test_any_content(token_class: int, subclass: int, content: int, key: DecoderKey) -> None:
    """Whatever an authentic token holds, it is read, or refused as unknown or as another maker's; it never crashes."""
    encoded = encode(RawToken(token_class, subclass, content), key)
    if token_class == 0 and 4 <= subclass < 8:
        return  # RawToken has the check bits of units
    try:
        token = decode(encoded, key)
    except (UnknownTokenError, MfrCodeError):
        return
    assert (token.token_class, token.subclass) == (token_class, subclass)


# ------------------------------------------------------------------------------------------------- what a key may carry


@both_keys
@pytest.mark.parametrize("token", [CREDIT, MONEY], ids=["credit", "currency"])
def test_no_credit_under_a_default_key(token: Token, key: DecoderKey) -> None:
    """A default key carries no credit of any kind."""
    with pytest.raises(KeyUseError):
        encode(token, dataclasses.replace(key, kt=KT.DDTK))


@given(stamped_tokens.filter(lambda token: token.token_class == 2) | sections, decoder_keys(ken=st.just(KEN(255))))
def test_management_under_every_key(token: Token, key: DecoderKey) -> None:
    """Management tokens go under keys of all four types."""
    assert decode(encode(token, key), key) == as_carried(token)


@given(stamped_tokens, kens, usable_keys.filter(lambda key: key.kt is not KT.DITK))
def test_expiry(token: Stamped, ken: KEN, key: DecoderKey) -> None:
    """A token is refused exactly when the top byte of its TID lies beyond the expiry number of its key."""
    expiring = dataclasses.replace(key, ken=ken)
    if token.tid.minutes >> 16 > ken.value:
        with pytest.raises(KeyExpiredError):
            encode(token, expiring)
    else:
        assert encode(token, expiring) == encode(token, key)


@pytest.mark.parametrize("token", [CREDIT, MONEY, TAMPER], ids=["credit", "currency", "tamper"])
@pytest.mark.parametrize("kt", [KT.DUTK, KT.DCTK])
def test_last_minute_of_a_key(token: Stamped, kt: KT) -> None:
    """A key serves its last minute, and none after it."""
    key = dataclasses.replace(STA_KEY, kt=kt, ken=KEN(85))
    last = 85 << 16 | 0xFFFF
    assert decode(encode(dataclasses.replace(token, tid=TID(last)), key), key).token_class == token.token_class
    with pytest.raises(KeyExpiredError):
        encode(dataclasses.replace(token, tid=TID(last + 1)), key)


@given(tids, kens)
def test_initialisation_keys_do_not_expire(tid: TID, ken: KEN) -> None:
    """An initialisation key carries a token of any time."""
    token = dataclasses.replace(CREDIT, tid=tid)
    assert encode(token, dataclasses.replace(STA_KEY, kt=KT.DITK, ken=ken)) == encode(token, STA_KEY)


@given(sections, kens, decoder_keys())
def test_sections_do_not_expire(section: KeyChangeSection, ken: KEN, key: DecoderKey) -> None:
    """An expired key still carries the sections that replace it, which have no TID."""
    assert encode(section, dataclasses.replace(key, ken=ken)) == encode(section, key)


def test_reading_is_left_to_the_meter() -> None:
    """Expiry and default keys are the meter's to judge: decoding tells what the token is all the same."""
    digits = encode(CREDIT, STA_KEY)
    assert decode(digits, dataclasses.replace(STA_KEY, ken=KEN(0))) == CREDIT
    assert decode(digits, dataclasses.replace(STA_KEY, kt=KT.DDTK)) == CREDIT


# -------------------------------------------------------------------------------------------------------- wrong values


@pytest.mark.parametrize("token", [CREDIT, MONEY, TAMPER, RawToken(3, 0, 0)])
def test_key_needed(token: Token) -> None:
    """Without a key, only class 1 is encoded or decoded."""
    assert refused(encode, token).field == "DecoderKey"
    assert "only class 1" in refused(decode, encode(token, STA_KEY)).remedy


@each("key", [STA_KEY.value, "0ABC12DEF3456789", b"\x0a" * 8, EA.STA, (STA_KEY,)])
def test_no_key(key: object) -> None:
    """A key is a DecoderKey, not its bits; the error shows nothing of them."""
    for error in (refused(encode, CREDIT, key), refused(decode, encode(CREDIT, STA_KEY), key)):
        assert error.field == "DecoderKey"
        assert not shows(str(error), STA_KEY.value)


@each("tables", [None, "sample", {}, (1, 2, 3)])
def test_no_tables(tables: object) -> None:
    """Tables are a StaTables; EA11 and class 1 don't ask for any."""
    assert refused(encode, CREDIT, STA_KEY, tables=tables).field == "tables"
    assert refused(decode, encode(CREDIT, STA_KEY), STA_KEY, tables=tables).field == "tables"


@each("token", [None, 5, "01110209145794960377", CREDIT.content(), Service.ELECTRICITY, encode(CREDIT, STA_KEY)])
def test_no_token(token: object) -> None:
    """What is encoded is a token: not an amount, not digits, and not what was encoded already."""
    assert refused(encode, token, STA_KEY).field == "token"


@each("typed", [None, "01110209145794960377", 1110209145794960377, HUGE, b"0" * 20, CREDIT])
def test_no_encoded_token(typed: object) -> None:
    """What is decoded is an EncodedToken; who gives its digits isn't shown them again in the error."""
    error = refused(decode, typed, STA_KEY)
    assert error.field == "token"
    assert not shows(str(error), 1110209145794960377)


def test_refusals_hide_the_token() -> None:
    """No refusal repeats the digits of the token or the bits of the key."""
    encoded = encode(CREDIT, STA_KEY)
    with pytest.raises(CrcError) as crc_error:
        decode(encoded, MISTY1_KEY)
    with pytest.raises(KeyExpiredError) as expired:
        encode(CREDIT, dataclasses.replace(STA_KEY, ken=KEN(0)))
    with pytest.raises(UnknownTokenError) as unknown:
        decode(encode(RawToken(0, 9, CREDIT.content()), STA_KEY), STA_KEY)
    for error in (crc_error.value, expired.value, unknown.value):
        assert not shows(str(error), encoded.bits)
        assert not shows(str(error), STA_KEY.value)


@each("bits", [None, "2", 1.0, True, -1, 1 << 66, CREDIT])
def test_no_message(bits: object) -> None:
    """A message is a number of 66 bits; the error shows nothing of what was given."""
    assert refused(read_message, bits).field == "message"
