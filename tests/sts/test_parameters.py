"""The parameters beside a key."""

import copy
import dataclasses
import pickle
from datetime import datetime
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import HUGE, NOT_INTEGERS, each, kens, krns, refused, sgcs, tis
from umbane.sts import DKGA, EA, KEN, KRN, KT, SGC, TCT, TI, BaseDate

Parameter = SGC | TI | KRN | KEN
RANGES = [(SGC, 0, 999_999), (TI, 0, 99), (KRN, 1, 9), (KEN, 0, 255)]
CODES = [KT, TCT, EA, DKGA]
ranges = pytest.mark.parametrize(("kind", "low", "high"), RANGES)
parameters = sgcs | tis | krns | kens


@ranges
def test_ends(kind: type[Parameter], low: int, high: int) -> None:
    """Both ends of a parameter's range belong to it, and their neighbours outside don't."""
    assert (kind(low).value, kind(high).value) == (low, high)
    for beyond in (low - 1, high + 1, -HUGE, HUGE):
        error = refused(kind, beyond)
        assert error.field == kind.__name__
        assert error.remedy == f"give an integer from {low} to {high}"


@pytest.mark.parametrize("kind", [kind for kind, _, _ in RANGES])
@each("value", [*NOT_INTEGERS, SGC(1), "01"])
def test_no_number(kind: type[Parameter], value: object) -> None:
    """Nothing but an integer becomes a parameter, another parameter included."""
    assert refused(kind, value).field == kind.__name__


@given(sgcs)
def test_sgc_digits(sgc: SGC) -> None:
    """A supply group code prints as six digits, and is read from them."""
    assert len(str(sgc)) == 6
    assert SGC.parse(str(sgc)) == sgc


@given(tis)
def test_ti_digits(ti: TI) -> None:
    """A tariff index prints as two digits, and is read from them."""
    assert len(str(ti)) == 2
    assert TI.parse(str(ti)) == ti


@pytest.mark.parametrize("kind", [SGC, TI])
@each(
    "digits",
    ["", "1", "12345", "1234567", "-1", "+1", " 1", "1 ", "1.", "1e", "0x", "１２", "٣٤", "1_", 12, None, b"12"],
)
def test_no_digits(kind: type[SGC | TI], digits: object) -> None:
    """A code is read only from its own number of ASCII digits: no sign, no space, no other script."""
    assert refused(kind.parse, digits).field == kind.__name__


@given(krns | kens)
def test_plain_numbers(number: KRN | KEN) -> None:
    """Key revision and expiry numbers print as plain numbers."""
    assert int(str(number)) == number.value


@given(krns)
def test_following_revision(krn: KRN) -> None:
    """Each revision is followed by the next, and 9 by 1."""
    assert krn.following().value == (1 if krn.value == 9 else krn.value + 1)


@given(kens)
def test_never(ken: KEN) -> None:
    """Only 255 never expires."""
    assert ken.never == (ken.value == 255)


@given(parameters)
def test_frozen(value: Parameter) -> None:
    """A parameter can't be changed, and what is made of it is checked again."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.value = 1  # type: ignore[misc]  # that it is refused is what is tested
    refused(dataclasses.replace, value, value=-1)


@given(parameters)
def test_copies(value: Parameter) -> None:
    """A copied or pickled parameter equals the first, hash and all."""
    for again in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 - our own bytes
        assert again == value
        assert hash(again) == hash(value)


def test_kinds_are_not_mixed_up() -> None:
    """Parameters of different kinds are never equal, whatever their numbers."""
    assert len({SGC(1), TI(1), KRN(1), KEN(1)}) == 4


# --------------------------------------------------------------------------------------------------------------- codes


def test_published_codes() -> None:
    """The codes are those of the standard."""
    assert {code.name: code.value for code in KT} == {"DITK": 0, "DDTK": 1, "DUTK": 2, "DCTK": 3}
    assert {code.name: code.value for code in TCT} == {"MAGNETIC_CARD": 1, "NUMERIC": 2, "VTC07": 7, "VTC08": 8}
    assert {code.name: code.value for code in EA} == {"STA": 7, "MISTY1": 11}
    assert {code.name: code.value for code in DKGA} == {"DES": 2, "KDF_HMAC_SHA256": 4}
    assert {code.name: code.value for code in BaseDate} == {"Y1993": "93", "Y2014": "14", "Y2035": "35"}


@pytest.mark.parametrize("kind", CODES)
@each("value", [None, "", "07", "STA", -1, 5, 99, 10**4000, 1.5, [], {}, object()])
def test_unknown_codes(kind: type[Enum], value: object) -> None:
    """What is no code is refused, and the error lists those there are."""
    error = refused(kind, value)
    assert error.field == kind.__name__
    assert all(f"{code.value} ({code.name})" in error.remedy for code in kind)


@pytest.mark.parametrize(("kind", "code"), [(EA, 9), (DKGA, 1), (DKGA, 3), (TCT, 0), (TCT, 3), (KT, 4)])
def test_unsupported_codes(kind: type[Enum], code: int) -> None:
    """Codes that the standard reserves or has withdrawn are refused like unknown ones."""
    assert "not one of the codes supported" in refused(kind, code).problem


@each("value", [None, 14, 93, "2014", "99", "", "１４", 10**4000, [], datetime(2014, 1, 1)])  # noqa: DTZ001 - a wrong value
def test_unknown_base_dates(value: object) -> None:
    """A base date is known by its two characters only."""
    assert refused(BaseDate, value).field == "BDT"


@pytest.mark.parametrize(("base", "year"), [("93", 1993), ("14", 2014), ("35", 2035)])
def test_base_dates(base: str, year: int) -> None:
    """A base date is the first minute of its year, on no particular clocks, and prints as in a key's recipe."""
    start = BaseDate(base).start
    assert (start.year, start.timetuple().tm_yday, start.hour, start.minute, start.tzinfo) == (year, 1, 0, 0, None)
    assert str(BaseDate(base)) == base


@given(st.sampled_from([*KT, *TCT, *EA, *DKGA, *BaseDate]))
def test_codes_are_themselves(code: Enum) -> None:
    """A code survives a pickle as the same object."""
    assert pickle.loads(pickle.dumps(code)) is code  # noqa: S301 - our own bytes


def test_lengths() -> None:
    """Each algorithm has the key lengths that the standard gives it."""
    assert {ea: ea.key_bits for ea in EA} == {EA.STA: 64, EA.MISTY1: 128}
    assert {dkga: dkga.vending_key_bytes for dkga in DKGA} == {DKGA.DES: 8, DKGA.KDF_HMAC_SHA256: 20}
