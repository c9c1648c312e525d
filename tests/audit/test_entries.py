"""What is in the log: one way to write it, and what is sealed in it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.audit import SALT_BYTES, Fact, LoggedToken, SaleEntries, canonical, moment, seal, sealed_in
from umbane.audit.entries import entries_of, written
from umbane.errors import InputError

NOW = datetime(2026, 3, 1, 12, 0, 0, 42, tzinfo=UTC)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
whole = st.integers(0, 2**40)
tokens = st.builds(
    LoggedToken, words, whole, st.integers(1, 99), whole, st.integers(0, 999_999), st.integers(1, 9),
    st.integers(0, 3), st.binary(min_size=9, max_size=9),
)  # fmt: skip


@given(plain)
def test_one_way_to_write(value: object) -> None:
    """What was written is read as it was, and written in the same bytes again: ASCII, and one line."""
    text = canonical(value)  # type: ignore[arg-type] # a plain value
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    assert text.isascii()
    assert b"\n" not in text


def test_the_order_of_names_is_no_matter() -> None:
    """Names stand in the order of the alphabet, however they came, and nothing stands between them."""
    assert canonical({"b": 1, "a": {"d": None, "c": [True, "ü"]}}) == b'{"a":{"c":[true,"\\u00fc"],"d":null},"b":1}'


@pytest.mark.parametrize("value", [0.5, float("nan"), b"x", {1: 2}, {"a": [{"b": 1.0}]}, NOW, {3}, UUID(int=1)])
def test_what_cant_stand_there(value: object) -> None:
    """Fractions, bytes, names that are no text and anything else with two ways to write it are refused."""
    with pytest.raises(InputError, match="can't stand in it"):
        canonical(value)  # type: ignore[arg-type] # that is the point


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-7))])))
def test_a_moment(at: datetime) -> None:
    """A moment is written in UTC to the microsecond, whatever zone it came with."""
    if datetime(2, 1, 1, tzinfo=UTC) < at < datetime(9998, 1, 1, tzinfo=UTC):
        assert datetime.fromisoformat(moment(at)) == at
        assert len(moment(at)) == len("2026-03-01T12:00:00.000042Z")


def test_facts() -> None:
    """A fact is written with its kind and its moment; each secret has a salt of its own, and only they have any."""
    chance = iter([b"a" * SALT_BYTES, b"b" * SALT_BYTES])
    facts = [Fact("x", NOW, {"n": 1}, b"secret"), Fact("y", NOW), Fact("z", NOW, {}, b"secret")]
    entries, salts = written(facts, lambda _: next(chance))
    one, two, three = map(json.loads, entries)
    assert one == {
        "kind": "x",
        "at": "2026-03-01T12:00:00.000042Z",
        "n": 1,
        "sealed": seal(b"a" * SALT_BYTES, b"secret"),
    }
    assert two == {"kind": "y", "at": "2026-03-01T12:00:00.000042Z"}
    assert three["sealed"] != one["sealed"]
    assert salts == b"a" * SALT_BYTES + b"b" * SALT_BYTES
    assert [len(sealed_in(it)) for it in (one, two, three)] == [1, 0, 1]


def test_a_secret_isnt_shown() -> None:
    """The secret of a fact is neither in its representation nor in its entry."""
    fact = Fact("x", NOW, {}, b"very-secret")
    [entry], _ = written([fact], lambda _: bytes(SALT_BYTES))
    assert "very-secret" not in repr(fact)
    assert b"very-secret" not in entry


@given(st.lists(st.tuples(words, words, whole, st.none() | st.text(), st.lists(tokens, max_size=3)), max_size=3))
def test_sales(sales: list[tuple[str, str, int, str | None, list[LoggedToken]]]) -> None:
    """Entries of sales are the bytes that `canonical` makes, and every token is sealed with the next salt."""
    count = sum(len(it[-1]) for it in sales)
    salts = bytes(range(256))[:SALT_BYTES] * count
    batch = SaleEntries(UUID(int=1), NOW, salts)
    for order, currency, paid, by, made in sales:
        batch.add(UUID(int=2), order, UUID(int=3), UUID(int=4), currency, paid, 584, 0, by, made)
    for line, (order, currency, paid, by, made) in zip(batch.entries, sales, strict=True):
        said = json.loads(line)
        assert canonical(said) == line.encode()
        assert said["utility"] == str(UUID(int=1))
        assert (said["order"], said["currency"], said["paid"], said["by"]) == (order, currency, paid, by)
        assert sealed_in(said) == [seal(salts[:SALT_BYTES], it.digits) for it in made]
        keys = [(it["kind"], it["module"], it["number"], it["key"], it["units"]) for it in said["tokens"]]
        assert keys == [(it.kind, it.module, it.number, f"{it.sgc}/{it.krn}/{it.kt}", it.units) for it in made]


def test_lines() -> None:
    """Entries that were written together are taken apart at the ends of their lines, and nowhere else."""
    entries, _ = written([Fact("x", NOW, {"text": "a\nb\r\u2028c"}), Fact("y", NOW)], lambda _: b"")
    assert entries_of(b"\n".join(entries)) == entries
