"""From a file to a tariff, or to everything that is wrong with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.support import PLAIN, refusal, text
from umbane.pricing import PricingError, Problem, TariffFileError, load_book, load_tariff, load_tariff_text

GOOD = """\
format: umbane-tariff-1
id: test
version: 1
title: A tariff
utility: Umbane
country: Nowhere
currency: ZAR
time_zone: Africa/Johannesburg
valid_from: 2026-01-01
sources:
  - title: made up
    retrieved: 2026-01-01
energy:
  blocks:
    - up_to: 100
      price: 3.425
    - price: 4.044
rounding:
  money: half-up
  units: up
order: [energy]
"""


def problems(source: str) -> tuple[Problem, ...]:
    """Everything that is wrong in a text."""
    with pytest.raises(TariffFileError) as refused:
        load_tariff_text(source, "t.yaml")
    return refused.value.problems


def test_good() -> None:
    """A good text becomes a tariff."""
    tariff = load_tariff_text(GOOD)
    assert (tariff.id, tariff.version, tariff.title, tariff.unit) == ("test", "1", "A tariff", "kWh")
    assert (tariff.valid_from.isoformat(), tariff.valid_until) == ("2026-01-01", None)


def test_every_problem_is_told() -> None:
    """All that is wrong is told at once, in the order of the lines, with field, problem and remedy."""
    wrong = (
        GOOD.replace("3.425", "３.425")
        .replace("currency: ZAR", "curency: ZAR")
        .replace("2026-01-01\nso", "2026-02-30\nso")
    )
    assert [str(problem) for problem in problems(wrong)] == [
        "t.yaml:1: currency: is missing; add it",
        "t.yaml:7: curency: is not a field; did you mean currency?",
        "t.yaml:9: valid_from: 2026-02-30 is not in the calendar; a day that exists",
        "t.yaml:16: energy.blocks[0].price: '３.425' is not a plain number, zero or more; write digits like 3.425",
    ]


def test_the_error_is_one_text() -> None:
    """The error itself reads as all its problems, one to a line, and names the first field."""
    with pytest.raises(TariffFileError) as refused:
        load_tariff_text(GOOD.replace("up_to: 100", "up_to: x").replace("4.044", "-1"), "t.yaml")
    assert refused.value.field == "energy.blocks[0].up_to"
    assert str(refused.value).count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("3.425", "[1]", "16: energy.blocks[0].price: a list where a plain number"),
        ("3.425", "{a: 1}", "16: energy.blocks[0].price: a mapping where a plain number"),
        ("3.425", ".nan", "'.nan' is not a plain number"),
        ("3.425", ".inf", "'.inf' is not a plain number"),
        ("3.425", "1e3", "'1e3' is not a plain number"),
        ("3.425", "0x10", "'0x10' is not a plain number"),
        ("3.425", "1_000", "'1_000' is not a plain number"),
        ("3.425", "-3.425", "'-3.425' is not a plain number"),
        ("3.425", "1,5", "'1,5' is not a plain number"),
        ("3.425", "9" * 40, "is not a plain number"),
        ("price: 3.425", "price:", "'' is not a plain number"),
        ("up_to: 100", "up_to: 100.05", "'100.05' is finer than a token; steps of 0.1"),
        ("2026-01-01\nso", "2026-1-1\nso", "'2026-1-1' is not a date; write year-month-day"),
        ("2026-01-01\nso", "01/01/2026\nso", "'01/01/2026' is not a date"),
        ("2026-01-01\nso", "２０２６-01-01\nso", "is not a date"),
        ("ZAR", "RAND", "'RAND' is not a currency"),
        ("ZAR", "[ZAR]", "a list where a currency belongs"),
        ("Africa/Johannesburg", "Africa/Atlantis", "'Africa/Atlantis' is not a known time zone"),
        ("Africa/Johannesburg", "../../etc/passwd", "is not a time zone"),
        ("Africa/Johannesburg", "Africa", "is not a known time zone"),
        ("id: test", "id: Test!", "'Test!' is not a name"),
        ("title: A tariff", "title: ''", "4: title: '' is not a line of text"),
        ("title: A tariff", f"title: {'x' * 1001}", "is not a line of text"),
        ("title: A tariff", 'title: "a\\x07b"', "is not a line of text"),
        ("half-up", "nearest", "19: rounding.money: is none of the words allowed here; one of 'half-up', 'half-even'"),
        ("umbane-tariff-1", "umbane-tariff-9", "format: is none of the words allowed"),
        ("order: [energy]", "order: energy", "order: isn't a list"),
        ("energy:\n", "energy: 5\nx:\n", "energy: isn't a mapping"),
        ("money: half-up", "mony: half-up", "19: rounding.mony: is not a field; did you mean money?"),
        ("  - title: made up", "  - titel: made up", "sources[0].titel: is not a field; did you mean title?"),
        (
            "    - price: 4.044",
            "    - price: 4.044\n      zzz: 1",
            "is not a field; the fields here are price, up_to, name",
        ),
        ("id: test", "id: test\nid: test", "3: id: given twice (first in line 2); keep one"),
        ("order: [energy]", "order: [energy]\nlimits: {purchase: {min_money: 5, minn: 1}}", "limits.purchase.minn"),
        ("order: [energy]", "order: [energy]\nperiod: {days: 1.5}", "period.days: '1.5' is not a whole number"),
    ],
)
def test_wrong_values(old: str, new: str, told: str) -> None:
    """Each kind of wrong value is told by line and field, with what would be right."""
    assert old in GOOD
    assert told in "\n".join(str(problem) for problem in problems(GOOD.replace(old, new, 1)))


@pytest.mark.parametrize("source", ["5", "[1, 2]", "'text'"])
def test_not_a_mapping(source: str) -> None:
    """A document that is no mapping is refused."""
    assert [problem.problem for problem in problems(source)] == ["isn't a mapping"]


def test_not_yaml() -> None:
    """What isn't YAML is told with its file and line."""
    [problem] = problems("a: [")
    assert str(problem).startswith("t.yaml:1: the document: not YAML")


def test_surcharge_values() -> None:
    """Months and values in a mapping are checked one by one."""
    surcharge = '[{name: f, label: F, basis: unit, values: {2026-13: 1, "2026-01": x}}]'
    told = [str(problem) for problem in problems(f"{GOOD}surcharges: {surcharge}\n")]
    assert sorted(told, reverse=True) == [
        "t.yaml:22: surcharges[0].values.2026-13: '2026-13' is not a month; write year-month, like 2026-07",
        "t.yaml:22: surcharges[0].values.2026-01: 'x' is not a plain number, zero or more; write digits like 3.425",
    ]


def test_no_more_than_fifty() -> None:
    """Of very many problems the first fifty are told."""
    assert len(problems(GOOD + "".join(f"x{place}: 1\n" for place in range(200)))) == 50


def test_too_large() -> None:
    """A text that no tariff could be is refused before it is read."""
    [problem] = problems("#" * 1_000_001)
    assert str(problem) == "t.yaml: the file: too large; at most 1000000 characters"


# ------------------------------------------------------------------------------------------------------------- files


def test_file(tmp_path: Path) -> None:
    """A file is read as UTF-8, with or without the mark that Windows puts in front."""
    path = tmp_path / "t.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("A tariff", "Tarif für Strom").encode())
    assert load_tariff(path).title == "Tarif für Strom"
    assert load_tariff(str(path)).id == "test"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a: 1\nb: \xff\xfe", ":2: the file: not UTF-8 text; save it as UTF-8"),
        (b"#" * 1_000_001, ": the file: too large; at most 1000000 bytes"),
        (b"", ":1: the document: it is empty; write a tariff"),
        (b"\x00\x01", "may not stand in YAML"),
    ],
)
def test_wrong_files(tmp_path: Path, content: bytes, told: str) -> None:
    """A file that can't be a tariff is refused with its name."""
    path = tmp_path / "t.yaml"
    path.write_bytes(content)
    with pytest.raises(TariffFileError) as refused:
        load_tariff(path)
    assert told in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\x00b", "x" * 300])
def test_unreadable_files(tmp_path: Path, name: str) -> None:
    """A file that can't be read is refused with the reason."""
    with pytest.raises(TariffFileError, match="can't be read"):
        load_tariff(tmp_path / name)


def test_book(tmp_path: Path) -> None:
    """Versions of one tariff make a book."""
    paths = [tmp_path / "1.yaml", tmp_path / "2.yaml"]
    paths[0].write_text(text(valid_until="2025-12-31"), encoding="utf-8")
    paths[1].write_text(text(valid_from="2026-01-01", version="2"), encoding="utf-8")
    assert [tariff.version for tariff in load_book(reversed(paths)).versions] == ["1", "2"]
    with pytest.raises(PricingError):
        load_book([])


# ------------------------------------------------------------------------------------------------------------ any text


@given(place=st.integers(0, len(GOOD) - 1), length=st.integers(0, 12), put=st.text(max_size=8))
def test_damaged_text(place: int, length: int, put: str) -> None:
    """A tariff with some characters replaced is a tariff or refused in our own words."""
    damaged = GOOD[:place] + put + GOOD[place + length :]
    error = refusal(lambda: load_tariff_text(damaged, "t.yaml"), TariffFileError)
    assert all(it.file == "t.yaml" and it.line >= 1 and it.remedy for it in (error.problems if error else ()))


VALUES = st.recursive(
    st.text(max_size=6) | st.sampled_from(["1", "0", "true", "energy", "vat", "2026-01-01", "half-up", "99", "tender"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "price", "on", "x"]), inner),
    max_leaves=6,
)
FIELDS = sorted(
    {*PLAIN, "charges", "taxes", "surcharges", "arrears", "ceiling", "limits", "free_units", "period", "examples"}
)


@given(field=st.sampled_from(FIELDS), value=VALUES)
def test_any_value_in_any_field(field: str, value: object) -> None:
    """Any value in any field makes a tariff or is refused in our own words."""
    error = refusal(lambda: load_tariff_text(text(**{field: value}), "t.yaml"), TariffFileError)
    assert all(it.field and it.problem and it.remedy for it in (error.problems if error else ()))
