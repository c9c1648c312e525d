"""The YAML that we read, and all that we don't."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.support import refusal
from umbane.pricing.yaml_source import DEEPEST, MOST_NODES, SourceError, dotted, read


def test_scalars_stay_text() -> None:
    """Every scalar is the text that was written, quoted or not."""
    tree = read("a: 3.425\nb: '3.425'\nc: true\nd: 2026-03-12\ne: 010\nf: ~\ng:\nh: 1:30").tree
    assert tree == {
        "a": "3.425",
        "b": "3.425",
        "c": "true",
        "d": "2026-03-12",
        "e": "010",
        "f": "~",
        "g": "",
        "h": "1:30",
    }


def test_lines() -> None:
    """Every value has the line of its key, and every item of a list its own."""
    source = read("a: 1\nb:\n  - c: 2\n    d: 3\n  - [4,\n     5]\n")
    lines = {dotted(path): line for path, line in source.lines.items()}
    assert lines == {
        "the document": 1,
        "a": 1,
        "b": 2,
        "b[0]": 3,
        "b[0].c": 3,
        "b[0].d": 4,
        "b[1]": 5,
        "b[1][0]": 5,
        "b[1][1]": 6,
    }
    assert source.line(("b", 1, "missing", "far")) == 5


def test_repeated_keys() -> None:
    """A key given twice is told with both lines."""
    [problem] = read("a:\n  b: 1\n  c: 2\n  b: 3\n").repeated
    assert (problem.line, problem.field, problem.problem) == (4, "a.b", "given twice (first in line 2)")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: &x 1\nb: 2", 1, "anchors and aliases"),
        ("a: 1\nb: *x", 2, "anchors and aliases"),
        ("a: &x [1]", 1, "anchors and aliases"),
        ("a:\n  !!python/object/apply:os.system [echo]", 2, "tags"),
        ("a: !!str 5", 1, "tags"),
        ("a: !secret 5", 1, "tags"),
        ("a: 1\n---\nb: 2", 3, "second document"),
        ("? [a, b]\n: 1", 1, "list or mapping as a key"),
        ("? {a: 1}\n: 1", 1, "list or mapping as a key"),
        ("a: [1, 2", 1, "not YAML"),
        ("a: 'open", 1, "not YAML"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("a: b: c", 1, "not YAML"),
        ("a: 1\nb: \x07", 2, r"U\+0007"),
        (r'a: "\ud83d\ude00"', 1, "half a character"),
        (r'{"\ud83d": 1}', 1, "half a character"),
        ("%YAML 9.9\n---\na: 1", 1, "not YAML"),
        ("", 1, "empty"),
        ("# only a remark\n", 1, "empty"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), 1, "nested deeper"),
        ("[" * 100_000, 1, "nested deeper"),
        ("{a: " * 100_000, 1, "nested deeper"),
        ("- " * 50_000, 1, "nested deeper"),
        ("[" + "1," * MOST_NODES + "1]", 1, "more than"),
    ],
)
def test_refused(text: str, line: int, problem: str) -> None:
    """What a tariff may not use is refused early, with its line."""
    with pytest.raises(SourceError, match=problem) as refused:
        read(text)
    assert refused.value.problem.line == line


def test_aliases_can_not_multiply() -> None:
    """The well-known document that grows to billions of entries is refused at its first anchor."""
    laughs = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(SourceError, match="anchors"):
        read(laughs)


@given(text=st.text(max_size=60) | st.text(alphabet="abc:-[]{}&*!?|>#%\n \t'\",0.~\\<=", max_size=60))
def test_any_text(text: str) -> None:
    """Any text at all is read or refused in our own words; nothing else comes out."""
    error = refusal(lambda: read(text), SourceError)
    assert error is None or (error.problem.line >= 1 and error.problem.remedy)


TREES = st.recursive(
    st.text(alphabet="abcxyz09 .", max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abc", max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(tree=TREES)
def test_as_yaml_does(tree: Any) -> None:  # noqa: ANN401 - any tree of texts
    """A tree of quoted texts written by PyYAML is read back as it was."""
    text = yaml.safe_dump(tree, default_style='"', default_flow_style=True).replace('!!null "null"', '""')
    if text.count("[") + text.count("{") <= DEEPEST:
        assert read(text).tree == tree
