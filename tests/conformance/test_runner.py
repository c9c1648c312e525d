"""Verdicts: what passes, what fails, what is skipped, and under which tables."""

import json

import pytest

from tests.conformance.by_the_book import digits, stamped
from tests.conformance.support import Json, result
from umbane.conformance import Outcome, parse_vectors, run
from umbane.sts import SAMPLE_TABLES, StaTables

LUHN = {"kind": "luhn_digit", "digits": "1234567890"}
TOKEN: Json = {"kind": "token", "ea": 7, "cls": 0, "sub": 0, "amount": "25.6", "tid": 5, "rnd": 5}
TOKEN |= {"decoder_key": "0abc12def3456789"}
SAMPLE = digits(0, 0, stamped(5, 5, 256), "0abc12def3456789")
OTHER_TABLES = StaTables("made up", SAMPLE_TABLES.substitution2, SAMPLE_TABLES.substitution1, SAMPLE_TABLES.permutation)
"""Tables that stand in for licensed ones, which this project doesn't have."""


def test_passed() -> None:
    """A vector passes when all that is expected of it comes out."""
    passed = result(LUHN, {"digit": 3, "number": "12345678903"})
    assert (passed.outcome, passed.reason, passed.got) == ("passed", "", {"digit": 3, "number": "12345678903"})


@pytest.mark.parametrize("expected", [{"digit": 4}, {"digit": 3, "number": "1"}, {"digit": None}, {"digit": [3]}])
def test_failed(expected: Json) -> None:
    """One wrong value among those expected is enough to fail."""
    failed = result(LUHN, expected)
    assert failed.outcome is Outcome.FAILED
    assert failed.reason.startswith("not as expected: ")


def test_what_cannot_be_told() -> None:
    """An expected value that nothing here produces is a skip that names it, never a pass."""
    skipped = result(LUHN, {"digit": 3, "colour": "red"})
    assert (skipped.outcome, skipped.reason) == ("skipped", "nothing here can tell 'colour'")


def test_a_wrong_value_outweighs_an_unknown_one() -> None:
    """A wrong value fails a vector even when another can't be told."""
    assert result(LUHN, {"digit": 4, "colour": "red"}).outcome is Outcome.FAILED


def test_expecting_nothing() -> None:
    """A vector that expects nothing proves nothing."""
    assert result(LUHN, {}).reason == "it expects nothing"


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"kind": "telepathy"}, "unknown kind 'telepathy'"),
        ({"kind": ""}, "unknown kind ''"),
        ({"kind": "luhn_digit"}, "inputs.digits: it is missing; give a string of digits"),
        ({"kind": "luhn_digit", "digits": []}, "inputs.digits: it is not a string of digits; give a string of digits"),
        ({**TOKEN, "ea": 9}, "inputs.ea: 9 is not"),
        ({**TOKEN, "decoder_key": "0abc"}, "inputs.decoder_key: it has the wrong length"),
        ({**TOKEN, "cls": 3}, "inputs.sub: no token of the standard"),
        ({**TOKEN, "amount": "NaN"}, "inputs.amount: it is not a number"),
        ({**TOKEN, "cls": 2, "sub": 5, "value": 1}, "inputs.value: ClearTamperCondition is issued with"),
    ],
)
def test_unusable_inputs(inputs: Json, reason: str) -> None:
    """A vector whose inputs can't be used is skipped, with the field named."""
    skipped = result(inputs, {"token": SAMPLE, "digit": 3})
    assert skipped.outcome is Outcome.SKIPPED
    assert skipped.reason.startswith(reason)


def test_an_unwelcome_refusal() -> None:
    """A refusal where a value is expected is a failure that says why."""
    failed = result({**TOKEN, "amount": "99999999"}, {"token": SAMPLE})
    assert failed.outcome is Outcome.FAILED
    assert failed.reason.startswith("refused: Amount: 999999990 does not fit one token")


@pytest.mark.parametrize("expected", [{"refused": True}, {"allowed": False}, {"error": True}, {"error": "AmountError"}])
def test_an_expected_refusal(expected: Json) -> None:
    """A refusal that is expected passes, in whichever word the vector asks for it."""
    assert result({**TOKEN, "amount": "99999999"}, expected).outcome is Outcome.PASSED


@pytest.mark.parametrize("expected", [{"refused": False}, {"error": "CRCError"}, {"refused": True, "units": 5}])
def test_another_refusal(expected: Json) -> None:
    """A refusal passes for nothing else."""
    assert result({**TOKEN, "amount": "99999999"}, expected).outcome is Outcome.FAILED


def test_a_missing_refusal() -> None:
    """What is carried out although a refusal was expected fails."""
    assert result(TOKEN, {"refused": True}).outcome is Outcome.FAILED
    assert result(TOKEN, {"error": "AmountError"}).outcome is Outcome.FAILED


def test_sample_tables() -> None:
    """A sample vector runs under the sample tables, whether or not there are licensed ones."""
    for licensed in (None, OTHER_TABLES):
        passed = result(TOKEN, {"token": SAMPLE}, table_set="sample", licensed=licensed)
        assert (passed.outcome, passed.tables) == ("passed", "sample")


def test_production_without_licensed_tables() -> None:
    """A production vector runs against what it expects of the sample tables."""
    others: Json = {"table_set": "production", "expected_with_sample_tables": {"token": SAMPLE}}
    passed = result(TOKEN, {"token": "0" * 20}, **others)
    assert (passed.outcome, passed.tables, passed.expected) == ("passed", "sample", {"token": SAMPLE})


def test_production_without_any_expectation() -> None:
    """A production vector that says nothing of the sample tables is skipped, even if it would pass under them."""
    skipped = result(TOKEN, {"token": SAMPLE}, table_set="production")
    assert skipped.outcome is Outcome.SKIPPED
    assert skipped.reason.startswith("holds only under licensed EA07 tables")


def test_inputs_for_the_sample_tables() -> None:
    """Inputs that are given twice are taken in their form for the sample tables."""
    inputs = {"kind": "token_decode", "decoder_key": "0abc12def3456789", "token": "0" * 20}
    inputs["token_with_sample_tables"] = SAMPLE
    assert result(inputs, {"amount": "25.6"}, table_set="production").outcome is Outcome.PASSED


def test_production_with_licensed_tables() -> None:
    """With licensed tables a production vector runs against its own expectation, and not against the sample one."""
    others: Json = {"table_set": "production", "expected_with_sample_tables": {"token": SAMPLE}}
    failed = result(TOKEN, {"token": SAMPLE}, licensed=OTHER_TABLES, **others)
    assert (failed.outcome, failed.tables) == ("failed", "licensed")
    token = failed.got["token"]
    assert result(TOKEN, {"token": token}, licensed=OTHER_TABLES, **others).outcome is Outcome.PASSED


def test_unknown_tables() -> None:
    """A vector about tables that nobody knows is skipped."""
    assert result(TOKEN, {"token": SAMPLE}, table_set="other").reason == "unknown table_set 'other'"


def test_two_vectors_of_one_name() -> None:
    """The second vector of an id in one file is skipped, and the place of the first is given."""
    entry = {"id": "a", "inputs": LUHN, "expected": {"digit": 3}}
    file = parse_vectors("f", json.dumps([entry, entry]).encode())
    assert [(r.outcome, r.reason) for r in run([file, file])] == [
        ("passed", ""),
        ("skipped", "entry 0 has the same id"),
    ] * 2
