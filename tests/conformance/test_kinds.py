"""Each kind of vector: the forms its inputs may take, and what it tells."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance import by_the_book as book
from tests.conformance.make_vectors import params, refusal
from tests.conformance.support import Json, result
from umbane.conformance import Outcome

P7, P11 = params(7), params(11)
KEY7, KEY11 = book.decoder_key(P7), book.decoder_key(P11)
CREDIT: Json = {"kind": "token", "cls": 0, "sub": 0, "amount": "25.6", "rnd": 5, "key_params": P11}
CREDIT |= {"issued": "2014-01-01T00:05", "base": "14"}
CREDIT_TOKEN = book.digits(0, 0, book.stamped(5, 5, 256), KEY11)
LATE = "2036-05-17T13:24"


@pytest.mark.parametrize(
    "spelling",
    [
        {},
        {"amount": 25.6},
        {"amount": "25.51"},
        {"base": 14},
        {"base": 2014},
        {"base": None},
        {"issued": "2014-01-01T00:05:59Z"},
        {"issued": "2014-01-01T02:05+02:00"},
        {"issued": None, "tid": 5},
        {"amount": None, "units": 256},
        {"amount": None, "value": 256},
        {"rnd": None},
        {"ken": 0},
        {"key_params": None, "decoder_key": KEY11, "ea": 11},
        {"key_params": None, "decoder_key": KEY11.upper()},
        {"key_params": P11 | {"ti": 1, "sgc": 201457, "kt": "2", "krn": "1", "dkga": "04", "ea": "11"}},
        {"key_params": P11 | {"ea": None}, "ea": 11},
        {"edition": "any", "remark": ["ignored"]},
    ],
)
def test_spellings_of_a_credit_token(spelling: Json) -> None:
    """The same token comes out however its inputs are written."""
    assert result(CREDIT | spelling, {"token": CREDIT_TOKEN}).outcome is Outcome.PASSED


@pytest.mark.parametrize("missing", ["cls", "sub", "amount", "issued", "key_params"])
def test_missing_inputs(missing: str) -> None:
    """A token that isn't described in full is skipped, and what is missing is named."""
    skipped = result({name: value for name, value in CREDIT.items() if name != missing}, {"token": CREDIT_TOKEN})
    assert skipped.outcome is Outcome.SKIPPED
    assert "it is missing" in skipped.reason


@pytest.mark.parametrize(
    ("field", "value"), [("ea", 9), ("dkga", 1), ("dkga", 3), ("kt", 4), ("base", "24"), ("vk", "xy")]
)
def test_unsupported_keys(field: str, value: object) -> None:
    """A key by an algorithm that isn't supported is skipped, and the field is named."""
    skipped = result({"kind": "dkga", **P7, field: value}, {"decoder_key": KEY7})
    assert skipped.outcome is Outcome.SKIPPED
    assert skipped.reason.startswith(f"inputs.{field}: ")


def section_inputs(sub: int, ea: int, **fields: Any) -> Json:  # noqa: ANN401 - whatever JSON holds
    """A single key-change section to a key of another group."""
    return {"kind": "token", "cls": 2, "sub": sub, "key_params": params(ea), **fields}


NEW7, NEW11 = params(7, sgc="987654", ti="42", krn=3), params(11, sgc="987654", ti="42", krn=3)
SET7 = book.key_change(KEY7, NEW7, ken=0xA5, ro=0, kct3=1)
SET11 = book.key_change(KEY11, NEW11, ken=0xA5, ro=0)
WORDS = [book.decoder_key(NEW11)[start : start + 8] for start in (0, 8, 16, 24)]


@pytest.mark.parametrize(
    ("inputs", "token"),
    [
        (section_inputs(3, 7, new_key_params=NEW7, ken=0xA5, kct3=1), SET7[0]),
        (section_inputs(3, 7, new_key_params=NEW7, kenho=10, krn=3, ro=0, kct3=True, kt=2), SET7[0]),
        (section_inputs(4, 7, new_key_params=NEW7 | {"ken": 0xA5}), SET7[1]),
        (section_inputs(8, 7, new_key_params=NEW7), SET7[2]),
        (section_inputs(8, 7, sgc24=987654), SET7[2]),
        (section_inputs(3, 11, new_decoder_key=book.decoder_key(NEW11), kenho=10, krn=3, ro=0, kt=2), SET11[0]),
        (section_inputs(3, 11, nkho=WORDS[0], kenho=10, krn=3, ro=0, kt=2), SET11[0]),
        (section_inputs(4, 11, nklo=WORDS[3], kenlo=5, ti="42"), SET11[1]),
        (section_inputs(8, 11, nkmo2=WORDS[1], sgc="987654"), SET11[2]),
        (section_inputs(8, 11, new_key_params=NEW11), SET11[2]),
        (section_inputs(9, 11, nkmo1=WORDS[2], sgc12=987654 >> 12), SET11[3]),
        (section_inputs(9, 11, new_key_params=NEW11), SET11[3]),
    ],
)
def test_single_sections(inputs: Json, token: str) -> None:
    """A section comes from its raw fields, from the new key, or from both."""
    assert result(inputs, {"token": token}).outcome is Outcome.PASSED


def test_a_section_without_its_key() -> None:
    """A section that nothing says the new key of is skipped."""
    skipped = result(section_inputs(3, 7, kenho=1, krn=1, kt=2), {"token": "0" * 20})
    assert skipped.reason.startswith("inputs.new_key_params: it is missing")


def key_change(**fields: Any) -> Json:  # noqa: ANN401 - whatever JSON holds
    """A whole set for EA07."""
    return {"kind": "kct_set", "key_params": P7, "new_key_params": NEW7, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"ken": 0xA5},
        {"new_ken": "0xA5"},
        {"kenho": 10, "kenlo": 5},
        {"new_key_params": NEW7 | {"ken": 0xA5}},
        {"ken": 0xA5, "ro": 0, "kct3": 1},
        {"ken": 0xA5, "tct": 2, "issued": "2026-01-01T00:00"},
    ],
)
def test_key_change_sets(fields: Json) -> None:
    """A set of three comes out however it is asked for; how many tokens are expected is part of the question."""
    assert result(key_change(**fields), {"tokens": SET7, "count": 3}).outcome is Outcome.PASSED


@pytest.mark.parametrize("tokens", [SET7[:2], SET7[::-1], [*SET7[:2], SET7[0]], [], "text", [1, 2, 3], None])
def test_wrong_key_change_sets(tokens: object) -> None:
    """Too few tokens, or in another order, are not the set."""
    assert result(key_change(ken=0xA5, kct3=1), {"tokens": tokens}).outcome is Outcome.FAILED


def test_a_set_of_two_is_no_part_of_a_set_of_three() -> None:
    """The first section says whether a third follows, so two tokens of three are not a set of two."""
    assert result(key_change(ken=0xA5), {"tokens": SET7[:2]}).outcome is Outcome.FAILED


POS: Json = {"kind": "pos_ken", "ken": 85, "issued": LATE, "base": "14"}


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, True),
        ({"use": "credit"}, True),
        ({"action": "clear_credit"}, True),
        ({"cls": 2, "sub": 1}, True),
        ({"cls": 0, "sub": 0, "amount": "1", "key_params": P7}, True),
        ({"ken": 255}, False),
        ({"issued": "2014-01-01T00:00"}, False),
        ({"use": "key change to"}, True),
        ({"use": "key_change_from"}, False),
        ({"operation": "KeyChange", "role": "parent"}, False),
        ({"operation": "kct", "role": "child"}, True),
        ({"key_change": True, "new": True}, True),
        ({"key_change": True, "current": True}, False),
        ({"cls": 2, "sub": 3, "new_key_params": P7, "key_params": P7}, True),
        ({"key_params": P7, "new_key_params": P7}, True),
        ({"key_params": P7, "new_key_params": P7, "role": "from"}, False),
        ({"key_params": P7 | {"ken": 85}, "new_key_params": P7, "ken": None}, False),
        ({"key_params": P7, "new_key_params": P7 | {"ken": 85}, "ken": None}, True),
        ({"new_ken": 85, "ken": 255}, True),
        ({"new_ken": 255, "ken": 85}, False),
    ],
)
def test_point_of_sale_expiry(fields: Json, *, refused: bool) -> None:
    """An expired key issues nothing and is no new key, but as the current one it may still be changed."""
    inputs = POS | fields
    assert result(inputs, {"refused": refused, "allowed": not refused}).outcome is Outcome.PASSED
    assert result(inputs, {"refused": not refused}).outcome is Outcome.FAILED
    assert result(inputs, {"error": "KeyExpiredError"}).outcome is (Outcome.PASSED if refused else Outcome.FAILED)


@pytest.mark.parametrize(
    "fields", [{"use": "telepathy"}, {"use": "key change"}, {"use": "change from to"}, {"ken": "x"}]
)
def test_unclear_point_of_sale_expiry(fields: Json) -> None:
    """When nothing says whose KEN it is or what is to be issued, the vector is skipped, not guessed."""
    assert result(POS | fields, {"refused": True}).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            {"kind": "ea07_block", "key": "0ABC12DEF3456789", "cipher": "C45ED1619406DF95"},
            {"block": "0b19eb230100c207"},
        ),
        (
            {"kind": "misty1", "key": "00112233445566778899aabbccddeeff", "cipher": "8b1da5f56ab3d07c"},
            {"block": "0123456789ABCDEF"},
        ),
        ({"kind": "crc", "bytes": "00 05 C0 2A 55 27 10"}, {"crc": "1970"}),
        ({"kind": "crc", "bytes": "0005C02A552710"}, {"crc_c": f"{book.check_bits(0x0005C02A552710, bytes([1])):04X}"}),
        ({"kind": "tid", "tid": 7}, {"tid": 7, "special": False}),
        ({"kind": "ken", "tid": 85 << 16, "ken": 85}, {"expired": False}),
        ({"kind": "ken", "tid": 86 << 16, "ken": 85}, {"expired": True}),
        ({"kind": "luhn_check", "number": "1234567890x"}, {"valid": False}),
        ({"kind": "pan_check", "pan": 600727000000000009}, {"valid": True, "drn": "00000000000", "mfr": 0}),
        ({"kind": "pan_check", "pan": 1000000000082}, {"valid": True, "iin": "0000"}),
        ({"kind": "token", "cls": 1, "control": "FFFFFFFFF"}, {"token": "56493153725450313471"}),
        (
            {"kind": "token_decode", "token": "5649 3153 7254 5031 3471"},
            {"control": "FFFFFFFFF", "mfr": 0, "digits": 2},
        ),
        ({"kind": "amount_field", "units": 16384}, {"field": 0x4000, "carried": 16384}),
        ({"kind": "amount_field", "units": "180215"}, {"field": 0x8000, "carried": 180224}),
    ],
)
def test_other_questions(inputs: Json, expected: Json) -> None:
    """What a kind can tell beyond what the published vectors ask."""
    assert result(inputs, expected).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "inputs",
    [
        {"kind": "crc", "bytes": "0005C02A5527"},
        {"kind": "crc", "bytes": "0005C02A552710F"},
        {"kind": "ea07_block", "key": "10ABC12DEF3456789", "block": "0"},
        {"kind": "misty1", "key": "00", "block": "10123456789abcdef"},
        {"kind": "pan_block_parts", "iin": "60072x", "drn": "12345678903", "kt": 2},
        {"kind": "meter", "tokens": ["0"], "key_params": P7, "meter": {"colour": "red"}},
        {"kind": "meter", "tokens": [None], "key_params": P7},
    ],
)
def test_unusable_questions(inputs: Json) -> None:
    """What no cipher, block or meter can take is skipped."""
    assert result(inputs, {"crc": "0", "block": "0", "cipher": "0", "results": []}).outcome is Outcome.SKIPPED


def test_a_pad_that_is_not_zero() -> None:
    """A ClearTamperCondition token is read whatever its pad, but only a pad of zeros is called a value of 0."""
    said = {"cls": 2, "sub": 5, "tid": 5}
    for pad, outcome in [(0, Outcome.PASSED), (1, Outcome.SKIPPED)]:
        token = book.digits(2, 5, book.stamped(5, 5, pad), KEY11)
        inputs = {"kind": "token_decode", "key_params": P11, "token": token}
        assert result(inputs, said).outcome is Outcome.PASSED
        assert result(inputs, said | {"value": 0}).outcome is outcome


CREDIT7 = book.digits(0, 0, book.stamped(5, 5, 256), KEY7)
METER: Json = {"kind": "meter", "key_params": P7, "tokens": [CREDIT7]}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, {"results": ["Accept"], "credit": {"0": 256}, "krn": 1, "ti": 1, "kt": 2, "sgc": 201457, "ken": 255}),
        ({"tokens": [int(CREDIT7)] * 2}, {"results": ["Accept", "UsedError"]}),
        ({"tokens": []}, {"results": [], "credit": {}, "mpl": None}),
        ({"tokens": ["", "1234", "x" * 20, CREDIT7]}, {"results": ["FormatError"] * 3 + ["Accept"]}),
        ({"meter": {"tids": [6]}}, {"results": ["OldError"], "credit": {}}),
        ({"meter": {"tids": [4, 5]}}, {"results": ["UsedError"]}),
        ({"meter": {"subclasses": [1, 3]}}, {"results": ["FunctionError"]}),
        ({"meter": {"limit": 255}}, {"results": ["OverflowError"]}),
        (
            {"meter": {"kt": 1, "tct": 1, "mfr": 12, "sgc": "123456"}},
            {"results": ["DDTKError"], "kt": 1, "sgc": 123456},
        ),
        ({"key_params": None, "decoder_key": KEY7}, {"results": ["Accept"], "sgc": 0}),
    ],
)
def test_meters(inputs: Json, expected: Json) -> None:
    """A meter answers its tokens in order, as it is set up."""
    assert result(METER | inputs, expected).outcome is Outcome.PASSED


@given(st.integers(0, 18_201_624), st.integers(0, 0xFFFFFF), st.integers(0, 15))
def test_tokens_of_the_book(units: int, tid: int, rnd: int) -> None:
    """Whatever credit the book makes comes out, and reads back as what the book put in."""
    token = book.digits(0, 0, book.stamped(rnd, tid, code := book.amount_code(units)), KEY7)
    inputs = {"kind": "token", "cls": 0, "sub": 0, "units": units, "tid": tid, "rnd": rnd, "key_params": P7}
    assert result(inputs, {"token": token}).outcome is Outcome.PASSED
    issued = (datetime(2014, 1, 1, tzinfo=UTC) + timedelta(minutes=tid)).strftime("%Y-%m-%dT%H:%M")
    said = {"units": book.AMOUNTS[code], "tid": tid, "rnd": rnd, "value": code, "issued": issued}
    decoded = {"kind": "token_decode", "token": token, "key_params": P7}
    assert result(decoded, said).outcome is Outcome.PASSED
    assert result(decoded, refusal("CRCError")).outcome is Outcome.FAILED
