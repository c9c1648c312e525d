"""How far two words are apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.registry.spelling import distance, likeness, slack

WORDS = st.text("abc", max_size=7)


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("mokoena", "mokena", 1), ("thandi", "thadni", 1), ("nkosi", "nkozi", 1), ("abc", "cab", 2), ("", "abc", 3)],
)
def test_slips(one: str, other: str, slips: int) -> None:
    """A letter wrong, missing or too many is one slip, and so are two neighbours swapped."""
    assert distance(one, other) == distance(other, one) == slips


@given(WORDS, WORDS)
def test_a_distance(one: str, other: str) -> None:
    """Only a word itself is no slip away, both ways are as long, and no way is longer than the longer word."""
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, other) == distance(other, one)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


@given(WORDS, st.integers(0, 6), st.sampled_from("abc"))
def test_one_letter_more(word: str, place: int, letter: str) -> None:
    """One letter more is one slip."""
    assert distance(word, word[:place] + letter + word[place:]) == 1


def test_slack() -> None:
    """Short words may hold one slip, longer ones more."""
    assert [slack("x" * it) for it in (2, 5, 8, 12)] == [1, 1, 2, 3]


def trigrams(word: str) -> set[str]:
    """The trigrams of a word as PostgreSQL makes them."""
    padded = f"  {word} "
    return {padded[it : it + 3] for it in range(len(padded) - 2)}


@given(
    st.lists(st.sampled_from("abcdefghij"), min_size=5, unique=True).map("".join),
    st.data(),
)
def test_likeness(word: str, data: st.DataObject) -> None:
    """A word of other letters that is one slip away is alike enough to be looked at."""
    place = data.draw(st.integers(0, len(word) - 1))
    head, tail = word[:place], word[place:]
    other = data.draw(
        st.sampled_from([head + tail[1:], f"{head}z{tail}", f"{head}z{tail[1:]}", f"{head}{tail[1::-1]}{tail[2:]}"])
    )
    common = len(trigrams(word) & trigrams(other))
    assert common / len(trigrams(word) | trigrams(other)) >= likeness(word)


def test_bounds_of_likeness() -> None:
    """Short words are looked at generously, long ones with some room for a second slip."""
    assert [round(likeness("x" * it), 2) for it in (2, 5, 7, 20)] == [0.2, 0.2, 0.33, 0.4]
