"""Arrays of blocks and classes, and their digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from tests.sts.batch.columns import columns, word64, words
from umbane.sts.batch.framing import from_digits, to_digits
from umbane.sts.errors import TokenFormatError
from umbane.sts.framing import EncodedToken, join_class

FIRST_TOO_HIGH = str(1 << 66)
LAST = str((1 << 66) - 1)


@given(columns(word64, st.integers(0, 3)))
def test_like_one_by_one(columns: list[NDArray[np.uint64]]) -> None:
    """Every row has the digits of a single token, and block and class come back from them."""
    blocks, classes = columns
    pairs = zip(blocks.tolist(), classes.tolist(), strict=True)
    digits = to_digits(blocks, classes)
    assert [token.decode() for token in digits] == [EncodedToken(join_class(*pair)).digits for pair in pairs]
    for tokens in (digits, [token.decode() for token in digits]):
        read_blocks, read_classes = from_digits(tokens)
        assert read_blocks.tolist() == blocks.tolist()
        assert read_classes.tolist() == classes.tolist()


@given(st.integers(0, (1 << 66) - 1))
def test_extremes(bits: int) -> None:
    """The lowest, the highest and any other number that 66 bits make are read as themselves."""
    for number in (0, bits, int(LAST)):
        block, token_class = from_digits([f"{number:020}"])
        assert join_class(int(block[0]), int(token_class[0])) == number


@given(st.integers(1 << 66, 10**20 - 1))
def test_too_high(number: int) -> None:
    """A number that 66 bits don't make is refused by its row."""
    with pytest.raises(TokenFormatError) as caught:
        from_digits(["0" * 20, f"{number:020}", FIRST_TOO_HIGH])
    assert caught.value.field == "token[1]"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "1" * 19,
        "1" * 21,
        "1" * 20 + " ",
        " " + "1" * 19,
        "1" * 19 + "x",
        "1" * 19 + "/",
        "1" * 19 + ":",
        "１" * 20,
        "1" * 19 + "\0",
        "1" * 10 + "\0" + "1" * 9,
        "1234 5678 9012 3456 7890",
        "-" + "1" * 19,
        "1" * 19 + "\U0010ffff",
        "9" * 10_000,
    ],
)
def test_not_twenty_digits(wrong: str) -> None:
    """A token that isn't twenty digits is refused by its row, and not shown."""
    with pytest.raises(TokenFormatError) as caught:
        from_digits(["0" * 20, wrong, "0" * 20])
    assert caught.value.field == "token[1]"
    assert "1111" not in str(caught.value)


@pytest.mark.parametrize("wrong", [b"1" * 19, b"1" * 21, b"1" * 19 + b"\xff", b"\xb2" * 20])
def test_not_twenty_bytes(wrong: bytes) -> None:
    """The same is true of bytes."""
    with pytest.raises(TokenFormatError) as caught:
        from_digits(np.array([b"0" * 20, wrong]))
    assert caught.value.field == "token[1]"


@pytest.mark.parametrize("wrong", [[1, 2], 12345678901234567890, [None], None, [1.5], [["0" * 20]], [b"0", "0", None]])
def test_not_strings(wrong: ArrayLike) -> None:
    """What isn't a row of texts is refused."""
    with pytest.raises(TokenFormatError, match="token"):
        from_digits(wrong)


def test_none_at_all() -> None:
    """No tokens have no blocks."""
    blocks, classes = from_digits([])
    assert len(blocks) == len(classes) == 0
    assert len(to_digits(words([]), words([]))) == 0
