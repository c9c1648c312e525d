"""66 bits and 20 digits."""

import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import HUGE, NOT_INTEGERS, each, refused, shows, values_of
from umbane.sts import EncodedToken, TokenFormatError
from umbane.sts.framing import join_class, split_class

DIGITS = "56493153725450313471"
LIMIT = 1 << 66
blocks = values_of(64)
classes = st.integers(0, 3)
tokens = values_of(66).map(EncodedToken)
SPACES = " \t\r\n\u00a0\u2000\u2002\u2007\u2009\u200a\u202f\u205f\u3000"
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
separators = st.sampled_from(SPACES + DASHES)


# ----------------------------------------------------------------------------------------------------------- the class


def test_worked_example() -> None:
    """The worked example of the standard becomes its published 66 bits."""
    assert join_class(0xC45ED1619406DF95, 0) == 0x2C45ED1618406DF95
    assert split_class(0x2C45ED1618406DF95) == (0xC45ED1619406DF95, 0)


@given(blocks, classes)
def test_class_joined_and_split(block: int, token_class: int) -> None:
    """Block and class come apart as they went together."""
    assert split_class(join_class(block, token_class)) == (block, token_class)


@given(values_of(66))
def test_class_split_and_joined(bits: int) -> None:
    """All 66 bits mean something: each number comes from one block and one class."""
    assert join_class(*split_class(bits)) == bits


@given(blocks, classes)
def test_two_bits_move(block: int, token_class: int) -> None:
    """The class stands at bits 28 and 27, what stood there at 65 and 64, and nothing else moves."""
    bits = join_class(block, token_class)
    assert bits >> 27 & 3 == token_class
    assert bits >> 64 == block >> 27 & 3
    assert (bits ^ block) & ~(3 << 27 | 3 << 64) == 0


@given(blocks, classes)
def test_class_is_readable(block: int, token_class: int) -> None:
    """The class can be read from a token without a key."""
    assert EncodedToken(join_class(block, token_class)).token_class == token_class


# ---------------------------------------------------------------------------------------------------------- the digits


@pytest.mark.parametrize(
    ("bits", "digits"), [(0, "0" * 20), (1, f"{1:020}"), (LIMIT - 1, "73786976294838206463"), (10**19, f"1{'0' * 19}")]
)
def test_twenty_digits(bits: int, digits: str) -> None:
    """A token always has twenty digits, zeros in front included."""
    assert EncodedToken(bits).digits == digits


@given(tokens)
def test_groups(token: EncodedToken) -> None:
    """A token is printed as five groups of four digits, which are its digits."""
    groups = token.grouped.split(" ")
    assert [len(group) for group in groups] == [4] * 5
    assert "".join(groups) == token.digits


@given(tokens)
def test_read_as_printed(token: EncodedToken) -> None:
    """What was printed, in groups or in a row, is read as the same token."""
    assert EncodedToken.parse(token.grouped) == EncodedToken.parse(token.digits) == token


@given(tokens, st.lists(st.tuples(st.integers(0, 20), separators), max_size=9))
def test_separators(token: EncodedToken, places: list[tuple[int, str]]) -> None:
    """Spaces and dashes of any kind, anywhere, don't matter."""
    typed = token.digits
    for place, separator in places:
        typed = typed[:place] + separator + typed[place:]
    assert EncodedToken.parse(typed) == token


@pytest.mark.parametrize("separator", [*SPACES, *DASHES])
def test_every_separator(separator: str) -> None:
    """Each space and dash that keyboards and word processors know may stand between the groups."""
    groups = EncodedToken.parse(DIGITS).grouped.split(" ")
    assert EncodedToken.parse(separator.join(groups)).digits == DIGITS


@each(
    "typed", ["", " ", "5", DIGITS[:-1], f"{DIGITS}0", f"{DIGITS} {DIGITS}", "-" * 20, "0" * 1_000_000, " " * 1_000_000]
)
def test_wrong_length(typed: str) -> None:
    """Anything but twenty digits is refused, however long it is, and the error says how many there are."""
    error = refused(EncodedToken.parse, typed)
    assert isinstance(error, TokenFormatError)
    assert error.remedy == "type all 20 digits"


def test_many_separators() -> None:
    """A token is read from up to 80 characters; of a longer text nothing but its length is looked at."""
    assert EncodedToken.parse(DIGITS + " " * 60).digits == DIGITS
    error = refused(EncodedToken.parse, DIGITS + " " * 61)
    assert str(error) == "token: more than 80 characters were given; type all 20 digits"
    assert refused(EncodedToken.parse, "1" * 80).problem == "80 characters were given"


def test_words_for_a_missing_digit() -> None:
    """A person who left one out is told the number of digits that arrived."""
    assert str(refused(EncodedToken.parse, DIGITS[:-1])) == "token: 19 characters were given; type all 20 digits"


@pytest.mark.parametrize(
    "wrong", ["x", "O", "l", "５", "٥", "५", "²", "½", "+", ".", ",", "_", "\0", "\u200b", "\ud800", "𝟓", "/", ":"]
)
@pytest.mark.parametrize("place", [0, 9, 19])
def test_no_digit(wrong: str, place: int) -> None:
    """One character that is no digit 0-9 is refused wherever it stands: letters, signs, digits of other scripts."""
    error = refused(EncodedToken.parse, DIGITS[:place] + wrong + DIGITS[place + 1 :])
    assert isinstance(error, TokenFormatError)
    assert error.problem == "it holds something other than the digits 0-9"


@each("typed", [None, int(DIGITS), HUGE, 5.0, DIGITS.encode(), list(DIGITS), EncodedToken(5), True])
def test_no_text(typed: object) -> None:
    """Only text is read: a number has lost its zeros in front."""
    assert isinstance(refused(EncodedToken.parse, typed), TokenFormatError)


@given(st.integers(LIMIT, 10**20 - 1))
def test_no_66_bits(number: int) -> None:
    """Twenty digits that 66 bits can't hold are refused, which a person can't be blamed for but by mistyping."""
    assert refused(EncodedToken.parse, str(number)).problem == "no token has a number this high"


def test_last_token() -> None:
    """The highest number of 66 bits is read, and the next one is refused."""
    assert EncodedToken.parse("73786976294838206463").bits == LIMIT - 1
    refused(EncodedToken.parse, "73786976294838206464")


@given(st.text(max_size=100))
def test_any_text(typed: str) -> None:
    """Whatever is typed, either it is a token that prints as what was typed, or the error is the one for tokens."""
    try:
        digits = EncodedToken.parse(typed).digits
    except TokenFormatError:
        return
    assert "".join(character for character in typed if character.isdecimal()) == digits


@given(values_of(66), st.integers(0, 19), st.text("0123456789x ", min_size=1, max_size=3))
def test_almost_a_token(bits: int, place: int, wrong: str) -> None:
    """A token with some of it mistyped is read as what stands there, or refused as a token."""
    typed = f"{bits:020}"
    typed = typed[:place] + wrong + typed[place + 1 :]
    bare = typed.replace(" ", "")
    if len(bare) == 20 and bare.isdecimal() and int(bare) < LIMIT:
        assert EncodedToken.parse(typed).digits == bare
    else:
        assert isinstance(refused(EncodedToken.parse, typed), TokenFormatError)


@each("bits", [*NOT_INTEGERS, -1, LIMIT, HUGE, -HUGE])
def test_no_bits(bits: object) -> None:
    """A token is a number of 66 bits."""
    assert refused(EncodedToken, bits).field == "token"


# ------------------------------------------------------------------------------------------------- what it gives away


@given(tokens)
def test_repr_hides_the_token(token: EncodedToken) -> None:
    """What is logged of a token shows its last four digits and no more."""
    for text in (repr(token), str(token), f"{token}", f"{[token]}"):
        assert token.digits[-4:] in text
        assert sum(character.isdecimal() for character in text) == 4


@given(st.integers(10**18, LIMIT - 1))
def test_errors_hide_the_token(bits: int) -> None:
    """An error over a mistyped token, or one given as text where bits are wanted, repeats nothing of it."""
    digits = f"{bits:020}"
    for error in (
        refused(EncodedToken.parse, digits[:-1]),
        refused(EncodedToken.parse, f"{digits[:-1]}x"),
        refused(EncodedToken.parse, bits),
        refused(EncodedToken, digits),
        refused(EncodedToken, bits + LIMIT),
    ):
        assert not shows(str(error), bits)
        assert error.__context__ is None


@given(tokens)
def test_values(token: EncodedToken) -> None:
    """Tokens are equal by their bits, serve as keys of a dict, and survive a pickle."""
    assert {token: 1}[EncodedToken(token.bits)] == 1
    assert pickle.loads(pickle.dumps(token)) == token  # noqa: S301 - our own bytes


@given(tokens)
def test_frozen(token: EncodedToken) -> None:
    """A token can't be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        token.bits = 1  # type: ignore[misc]  # that it is refused is what is tested
