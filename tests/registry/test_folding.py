"""Words as a search compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.registry.folding import fold, number_words, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "muller"),
        ("JOSÉ", "jose"),
        ("Ngũgĩ wa Thiong'o", "ngugi wa thiongo"),
        ("Thiong’o", "THIONGO"),
        ("Straße", "strasse"),
        ("Sørensen-Æbelø", "sorensen aebelo"),
        ("Œuvre", "oeuvre"),
        ("Ɗanladi", "danladi"),
        ("Nguyễn", "nguyen"),
        ("Işık", "isik"),
        ("ＦＵＬＬ １２", "full 12"),
        ("١٢ شارع", "12 شارع"),
        ("مُحَمَّد", "محمد"),
        ("רָחֵל", "רחל"),
        ("Ἀθήνα", "αθηνα"),
        ("10, Church St.", "10 church st"),
    ],
)
def test_the_same_words(one: str, other: str) -> None:
    """Accents, vowel points, case, punctuation and wide letters make no other word."""
    assert fold(one) == fold(other) != ""


@pytest.mark.parametrize(("one", "other"), [("রহিম", "রহমা"), ("王小明", "王大明"), ("መሠረት", "መሠረታ"), ("Ivan", "Иван")])
def test_other_words(one: str, other: str) -> None:
    """Another vowel sign, syllable, character or script makes another word."""
    assert fold(one) != fold(other)


@given(st.text())
def test_what_is_left(text: str) -> None:
    """Small letters, digits and single spaces are left, and nothing more changes."""
    folded = fold(text)
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert folded == " ".join(folded.split())
    assert fold(folded) == folded


@given(st.text(st.characters(min_codepoint=0x250, categories=["Lo"]), min_size=1))
def test_every_script_leaves_something(text: str) -> None:
    """A word of any script can be searched for."""
    assert fold(text)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+27821234567", {"821234567"}),
        ("0821234567", {"821234567"}),
        ("700-1234", {"7001234"}),
        ("000123", {"123"}),
        ("", set()),
        ("000", set()),
        ("none", set()),
    ],
)
def test_numbers(number: str, words: set[str]) -> None:
    """A number is found by its last nine digits, with and without what stands before them."""
    assert number_words(number) == words


def test_all_words() -> None:
    """Somebody is found by each word of name and address, by the account as written and as a number, by the phone."""
    words = words_of(("Thandi Mokoena", None, "12 Church St"), "+27821234567", "A-0012")
    assert words == ["0012", "12", "821234567", "a", "church", "mokoena", "st", "thandi"]
