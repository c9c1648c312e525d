"""Ceremony files: what one says, and everything that isn't one."""

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.keycentre.support import (
    AUDIT,
    COMPROMISE,
    FOUND,
    GENERATE,
    GRANT,
    KEY,
    LOAD,
    NOW,
    PEOPLE,
    ROTATE,
    TOP_UP,
    enrol,
    plan,
    state,
)  # fmt: skip
from umbane.keycentre import CeremonyFileError, CeremonyPlan, plan_hash, read_plan
from umbane.keycentre.plan import LARGEST
from umbane.keycentre.steps import key_name, label_of

GOOD = plan(FOUND, GENERATE)
PARTS = [{"holder": "A", "check": "0a1b2c"}, {"holder": "B", "check": "ABCDEF"}]
IMPORT = GENERATE | {"do": "import", "components": PARTS, "check_value": "000000"}
EXPIRE = {"do": "expire", "key": KEY, "ken": 20}
CAMPAIGN = {"do": "campaign", "from_key": KEY, "to_key": KEY, "cut_off": NOW, "reason": "x"}
SHARES = FOUND | {"do": "new-shares"}
REVOKE = {"do": "revoke", "module": "shop", "reason": "lost"}
STEPS = [
    FOUND, SHARES, GENERATE, IMPORT, state("active"), EXPIRE, enrol(), AUDIT, REVOKE, LOAD, TOP_UP, CAMPAIGN, ROTATE,
    COMPROMISE,
]  # fmt: skip


def refused(text: bytes) -> str:
    """What is said of a file that is none."""
    with pytest.raises(CeremonyFileError) as refusal:
        read_plan(text)
    return str(refusal.value)


def test_every_step() -> None:
    """A file may ask for each of the fourteen things that can be done, and says who, where and on which head."""
    read = read_plan(plan(*STEPS))
    assert [step.do for step in read.steps] == [step["do"] for step in STEPS]
    assert (read.centre, read.head, list(read.confirming)) == ("centre", "new", PEOPLE)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["do"])
def test_missing_fields(step: dict[str, Any]) -> None:
    """A step that lacks a field is refused, with the place and name of the field."""
    for name in step.keys() - {"do"}:
        less = {key: value for key, value in step.items() if key != name}
        assert f"steps.2.{step['do']}.{name}: is missing" in refused(plan(FOUND, less))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["do"])
def test_more_fields(step: dict[str, Any]) -> None:
    """A step with a field that isn't one is refused: a misspelt limit is not left out in silence."""
    assert "unlimited: is not a field here" in refused(plan(step | {"unlimited": True}))


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        (FOUND, {"threshold": "2"}), (FOUND, {"threshold": 2.0}), (FOUND, {"custodians": []}),
        (FOUND, {"custodians": ["A", ""]}), (FOUND, {"custodians": ["A", "B\x1b[2J"]}), (FOUND, {"do": "found-all"}),
        (FOUND, {"custodians": ["A", 5]}), (FOUND, {"custodians": ["A", "A\u200b"]}),
        (FOUND, {"custodians": ["A", "B\u202e"]}), (FOUND, {"custodians": ["A  B", "C"]}),
        (FOUND, {"custodians": ["A", " B"]}), (FOUND, {"custodians": ["A", "B\u00a0C"]}),
        (FOUND, {"custodians": ["A", "B\u2028C"]}),
        (GENERATE, {"key": 123456}), (GENERATE, {"key": "123456 1 DUTK"}), (GENERATE, {"key": "123456 0 VUDK"}),
        (GENERATE, {"key": "12345 1 VUDK"}), (GENERATE, {"key": "123456 1 VUDK\n"}),
        (GENERATE, {"key": "１23456 1 VUDK"}),
        (GENERATE, {"algorithm": "DKGA03"}), (GENERATE, {"algorithm": 4}), (GENERATE, {"base_date": 2015}),
        (GENERATE, {"base_date": "2014"}), (GENERATE, {"ken": 256}), (GENERATE, {"ken": -1}), (GENERATE, {"ken": "5"}),
        (GENERATE, {"expires": "2026-03-02T10:00:00"}), (GENERATE, {"expires": "soon"}), (GENERATE, {"expires": None}),
        (GENERATE, {"expires": "2026-03-02T10:00:00.5Z"}), (GENERATE, {"active_from": 20260302}),
        (GENERATE, {"expires": 2036}), (GENERATE, {"expires": "2036"}), (GENERATE, {"expires": 4.1e9}),
        (GENERATE, {"expires": "4102444800"}), (GENERATE, {"expires": True}), (ROTATE, {"base_date": 2015}),
        (IMPORT, {"components": PARTS[:1]}), (IMPORT, {"components": PARTS * 5}), (IMPORT, {"check_value": 1}),
        (IMPORT, {"components": [PARTS[0], PARTS[1] | {"check": "0a1b2"}]}), (IMPORT, {"check_value": "0a1b2g"}),
        (state("active"), {"to": "alive"}), (state("active"), {"reason": ""}), (state("active"), {"reason": "x" * 201}),
        (state("active"), {"reason": "a\nb"}), (EXPIRE, {"ken": True}), (enrol(), {"card": "x" * 2001}),
        (AUDIT, {"module": "../shop"}), (AUDIT, {"module": "Shop"}), (REVOKE, {"module": ""}),
        (LOAD, {"keys": []}), (LOAD, {"keys": [GRANT | {"tokens": -1}]}), (LOAD, {"keys": [GRANT | {"tokens": "9"}]}),
        (LOAD, {"keys": [GRANT | {"units": 1.5}]}), (LOAD, {"keys": [GRANT | {"units": 1 << 63}]}),
        (LOAD, {"keys": [GRANT | {"uses": ["all"]}]}), (LOAD, {"keys": [GRANT | {"uses": "credit"}]}),
        (LOAD, {"keys": [GRANT | {"tokens": None}]}), (TOP_UP, {"tokens": True}),
        (COMPROMISE, {"limits": {"tokens": 1}}), (COMPROMISE, {"limits": 5}),
    ],
)  # fmt: skip
def test_wrong_fields(step: dict[str, Any], wrong: dict[str, Any]) -> None:
    """A field that holds anything else than it should is refused."""
    refused(plan(step | wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirming": ["A"]}, {"confirming": ["A", "B", "C"]}, {"confirming": ["A", "A"]}, {"confirming": ["a", "A"]},
        {"confirming": ["Zoë", "Zoe\u0308"]}, {"confirming": ["A\u200b", "A"]}, {"confirming": ["ﬁ", "FI"]},
        {"confirming": "AB"}, {"head": "old"}, {"head": "2497-b21d"}, {"head": None}, {"head": "2497-" * 7 + "249G"},
        {"realm": "both"}, {"centre": "The Centre"}, {"ceremony": ""}, {"steps": []}, {"steps": [FOUND] * 101},
        {"steps": None}, {"version": 2},
    ],
)  # fmt: skip
def test_wrong_tops(wrong: dict[str, Any]) -> None:
    """A file that names one person twice, however spelled, no head, no realm or no steps is refused."""
    text = yaml.safe_dump({**yaml.safe_load(GOOD), **wrong}).encode()
    refused(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "dictionary"), (b"- 1", "dictionary"), (b"5", "dictionary"), (b"a: [", "isn't YAML"),
        (b"\xff", "isn't YAML"), (GOOD + b"realm: test\n", "there twice"), (b"a: &x 1\nb: *x\n", "references"),
        (b"a: &x {b: 1}\nc:\n  <<: *x\n", "references"), (b"<<: {a: 1}\n", "there twice"),
        (b"!!python/object/apply:os.system ['true']", "isn't YAML"), (b"[" * 1500, "isn't YAML"),
        (b"a: 2026-13-45", "isn't YAML"), (b"? [a]\n: b", "isn't YAML"), (b"? {a: b}\n: c", "isn't YAML"),
        (b"[" + b"1," * 20_000 + b"1]", "references"), (b"#" * (LARGEST + 1), "too large"),
        (b"a: 1\n---\nb: 2\n", "YAML"), (b"\x00", "isn't YAML"),
        (GOOD.replace(b"2\n", b"02\n", 1), "isn't a plain number"), (GOOD + b"x: 1:30\n", "isn't a plain number"),
        (GOOD + b"x: 0x1F\n", "isn't a plain number"), (GOOD + b"x: " + b"9" * 30 + b"\n", "isn't a plain number"),
        (GOOD + "# harmless \u202e# sdrawkcab\n".encode(), "signs that nobody sees"),
        (b"a: 1\n" + GOOD + "x:\u00a01\n".encode(), "signs that nobody sees"), (b"a:\t1\n", "line 1: it has signs"),
    ],
)  # fmt: skip
def test_no_files(text: bytes, said: str) -> None:
    """What isn't YAML of the plain kind is refused: no references, no field twice, no objects, nothing endless."""
    assert said in refused(text)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes(text: bytes) -> None:
    """No bytes do anything but be a plan or refused."""
    with suppress(CeremonyFileError):
        assert isinstance(read_plan(text), CeremonyPlan)


@settings(max_examples=20)
@given(st.data())
def test_any_place(data: st.DataObject) -> None:
    """Anything put in the place of any field is read as a plan or refused, and nothing else happens."""
    tree: dict[str, Any] = {**yaml.safe_load(plan(*STEPS))}
    anything = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    step = data.draw(st.sampled_from([tree, *tree["steps"]]))
    step[data.draw(st.sampled_from(sorted(step)))] = data.draw(anything)
    with suppress(CeremonyFileError):
        assert isinstance(read_plan(yaml.safe_dump(tree, allow_unicode=True).encode()), CeremonyPlan)


def test_our_own_words() -> None:
    """What is wrong is told in words for people, with what would be right."""
    assert refused(plan(FOUND, confirming=["A", "a"])).endswith("confirming: name two people; mend it")
    assert refused(plan(FOUND, confirming=["A"])).endswith("confirming: has too few; mend it")
    said = refused(plan(GENERATE | {"expires": "2026-03-02T10:00:00"}))
    assert "steps.1.generate.expires: write the day alone, or a moment with its zone" in said


def test_several_problems() -> None:
    """Everything that is wrong is told at once."""
    said = refused(plan(FOUND | {"threshold": "2"}, GENERATE | {"ken": 999}, {"do": "fly"}, {}))
    assert "4 thing(s) wrong" in said
    assert "steps.3: says to do something that isn't known" in said
    assert "steps.4: doesn't say what to do" in said


def test_hash() -> None:
    """Another byte anywhere gives another hash."""
    hashes = {plan_hash(GOOD[:n] + b"#" + GOOD[n + 1 :]) for n in range(len(GOOD))}
    assert len(hashes) == len(GOOD)
    assert plan_hash(GOOD) not in hashes


@pytest.mark.parametrize("label", ["123456 1 VUDK", "000000 9 VDDK", "999999 5 VCDK"])
def test_labels(label: str) -> None:
    """A label and the name of its key stand for each other."""
    assert label_of(key_name(label)) == label


def test_lines_of_windows() -> None:
    """A file with lines as Windows ends them is read like any other."""
    assert read_plan(GOOD.replace(b"\n", b"\r\n")) == read_plan(GOOD)
