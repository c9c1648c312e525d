"""What is in the log: one way to write it, and what is sealed in it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.audit import SALT_BYTES, Fact, SaleEntries, canonical, moment, seal, sealed_in
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
keys = st.sampled_from(["123456/1/2", "7/9/0"])
Token = tuple[str, int, int, int, str, bytes]
tokens = st.tuples(words, whole, st.integers(1, 99), whole, keys, st.binary(min_size=9, max_size=9))


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


SALTS = bytes(range(256))


@given(
    st.lists(st.tuples(words, whole, whole, st.none() | st.text(), st.lists(tokens, max_size=3)), max_size=3),
    st.integers(1, 9),
)
def test_sales(sales: list[tuple[str, int, int, str | None, list[Token]]], expected: int) -> None:
    """Entries of sales are the bytes that `canonical` makes, and every token is sealed with the next salt."""
    left = iter(SALTS)
    batch = SaleEntries(UUID(int=1), "ZAR", NOW, lambda count: bytes(next(left) for _ in range(count)), expected)
    for order, paid, free, by, made in sales:
        batch.add(UUID(int=2), order, UUID(int=3), UUID(int=4), paid, 584, free, by, [batch.token(*it) for it in made])
    entries = entries_of(batch.lines()) if sales else []
    salts = batch.used_salts()
    for line, (order, paid, free, by, made) in zip(entries, sales, strict=True):
        said = json.loads(line)
        assert canonical(said) == line
        assert (said["utility"], said["currency"], said["order"]) == (str(UUID(int=1)), "ZAR", order)
        assert (said["paid"], said.get("free", 0), said.get("by")) == (paid, free, by or None)
        own, salts = salts[: SALT_BYTES * len(made)], salts[SALT_BYTES * len(made) :]
        wanted = [seal(own[SALT_BYTES * place :][:SALT_BYTES], it[-1]) for place, it in enumerate(made)]
        assert sealed_in(said) == wanted
        names = ("kind", "units", "module", "number", "key")
        assert [tuple(it[name] for name in names) for it in said["tokens"]] == [it[:-1] for it in made]
    assert salts == b""
    assert SALTS.startswith(batch.used_salts())


def test_lines() -> None:
    """Entries that were written together are taken apart at the ends of their lines, and nowhere else."""
    entries, _ = written([Fact("x", NOW, {"text": "a\nb\r\u2028c"}), Fact("y", NOW)], lambda _: b"")
    assert entries_of(b"\n".join(entries)) == entries
