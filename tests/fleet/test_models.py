"""What a model and a document can say."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.fleet.support import BLUE, DAY, paper
from umbane.errors import InputError
from umbane.fleet import EvidenceKind

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " Blue"}, "name"),
        ({"maker": "=Blue"}, "maker"),
        ({"code": "7"}, "code"),
        ({"code": "007"}, "code"),
        ({"code": "0x"}, "code"),
        ({"code": "٠٧"}, "code"),
        ({"phases": 2}, "phases"),
        ({"volts": 0}, "volts"),
        ({"amperes": 1_001}, "amperes"),
        ({"communication": "\t"}, "communication"),
    ],
)
def test_no_model(fields: dict[str, Any], field: str) -> None:
    """A model that can't be is refused by the name of what is wrong with it."""
    with pytest.raises(InputError) as refused:
        structs.replace(BLUE, **fields)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (EvidenceKind.STS_CERTIFICATE, {"number": ""}, "number"),
        (EvidenceKind.STS_CERTIFICATE, {"issuer": "@x"}, "issuer"),
        (EvidenceKind.STS_CERTIFICATE, {"firmware": ("1.0", "")}, "firmware"),
        (EvidenceKind.STS_CERTIFICATE, {"valid_until": date(2023, 12, 31)}, "valid_until"),
        (EvidenceKind.STS_CERTIFICATE, {"months": 24}, "months"),
        (EvidenceKind.STS_CERTIFICATE, {"sha256": "A" * 64}, "sha256"),
        (EvidenceKind.WARRANTY, {"months": None}, "months"),
        (EvidenceKind.WARRANTY, {"months": 0}, "months"),
        (EvidenceKind.BATTERY_LIFE, {"months": 601}, "months"),
    ],
)
def test_no_document(kind: EvidenceKind, fields: dict[str, Any], field: str) -> None:
    """A document that can't be is refused by the name of what is wrong with it."""
    with pytest.raises(InputError) as refused:
        paper(kind, **fields)
    assert refused.value.field == field


def test_days() -> None:
    """A document counts from its first day through its last, and after a withdrawal no more."""
    known = paper(valid_from=DAY, valid_until=DAY + timedelta(days=9), sha256="0" * 64)
    assert [known.holds(DAY + timedelta(days=it)) for it in (-1, 0, 9, 10)] == [False, True, True, False]
    gone = structs.replace(known, withdrawn=DAY + timedelta(days=3))
    assert [gone.holds(DAY + timedelta(days=it)) for it in (0, 2, 3, 9)] == [True, True, False, False]
    assert paper(valid_until=None).holds(date(2999, 1, 1))


@given(DAYS, DAYS, DAYS, DAYS)
def test_a_withdrawal_only_takes(begins: date, ends: date, withdrawn: date, on: date) -> None:
    """Whatever day it is, a document that was withdrawn counts only where it would have counted otherwise."""
    known = paper(valid_from=min(begins, ends), valid_until=max(begins, ends))
    gone = structs.replace(known, withdrawn=withdrawn)
    assert gone.holds(on) == (known.holds(on) and on < withdrawn)


def test_versions() -> None:
    """A document about some versions says nothing about another, nor about one that nobody knows."""
    some, every = paper(firmware=("1.0", "1.1")), paper()
    assert [some.covers(it) for it in ("1.0", "1.1", "1.2", None)] == [True, True, False, False]
    assert every.covers("9.9")
    assert every.covers(None)
