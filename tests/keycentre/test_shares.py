"""Shares in words and codes: known again, and refused when they are anything else."""

import copy
import pickle
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keycentre.support import CUSTODIANS, custody_of
from umbane.keycentre import CustodyError, Share, ShareError
from umbane.keycentre.shares import Custody, give_out, master_key
from umbane.keycentre.words import TOLD_BY, WORDS, bytes_of, words_of

KEY = bytes(range(32))
CUSTODY, SHARES = custody_of(KEY)
shares = st.builds(Share, st.binary(min_size=3, max_size=3), st.integers(0, 255), st.binary(min_size=32, max_size=32))


# ---------------------------------------------------------------------------------------------------------------- words


def test_words() -> None:
    """There are 256 words in the order of the alphabet, each told by its first four letters from all others."""
    assert len(WORDS) == 256
    assert sorted(WORDS) == list(WORDS)
    assert len({word[:TOLD_BY] for word in WORDS}) == 256
    assert all(len(word) >= TOLD_BY and word.isascii() and word.islower() for word in WORDS)


def test_no_near_words() -> None:
    """No word becomes another one by a letter mistyped."""
    near = [
        (one, other)
        for one, other in combinations(WORDS, 2)
        if len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) < 2
    ]
    assert near == []


@given(st.binary(max_size=50))
def test_words_there_and_back(content: bytes) -> None:
    """Bytes are found again in their words, in any case, and in their first four letters."""
    words = words_of(content)
    assert bytes_of(words) == content
    assert bytes_of([word.upper() for word in words]) == content
    assert bytes_of([word[:TOLD_BY] for word in words]) == content


@pytest.mark.parametrize("word", ["", "aco", "acorns", "acornx", "xxxx", "ácorn", "12345", "acor-n"])
def test_no_words(word: str) -> None:
    """What isn't one of the words is named by its place and not shown."""
    with pytest.raises(ShareError, match="word 2 of 3 is none") as refusal:
        bytes_of(["acorn", word, "zebra"])
    assert not word or word not in str(refusal.value)


# --------------------------------------------------------------------------------------------------------------- shares


@given(shares)
def test_shares_there_and_back(share: Share) -> None:
    """A share is found again in its words and in its code, however they are spaced."""
    lines = share.lines()
    assert [len(line.split()) for line in lines] == [5] * 8
    assert Share.read(" ".join(lines)) == share
    assert Share.read("\n".join(lines).upper()) == share
    assert Share.read(share.code()) == share
    assert Share.read(share.code().lower()) == share
    code = share.code()
    assert Share.read("-".join(code[start : start + 8] for start in range(0, 64, 8)) + "\n") == share


@given(shares, st.integers(0, 39), st.integers(1, 255))
def test_one_word_wrong(share: Share, place: int, by: int) -> None:
    """With any one word replaced by another, a share is refused."""
    wrong = bytearray(share.whole())
    wrong[place] ^= by
    with pytest.raises(ShareError, match="don't fit each other"):
        Share.read(" ".join(words_of(bytes(wrong))))


def test_every_bit() -> None:
    """With any bit flipped, a share is refused."""
    whole = SHARES[0].whole()
    for place in range(8 * len(whole)):
        wrong = bytearray(whole)
        wrong[place // 8] ^= 1 << place % 8
        with pytest.raises(ShareError):
            Share.read(" ".join(words_of(bytes(wrong))))


@given(shares, st.integers(0, 39), st.integers(0, 39))
def test_swapped_words(share: Share, one: int, other: int) -> None:
    """With two different words swapped, a share is refused."""
    words = words_of(share.whole())
    words[one], words[other] = words[other], words[one]
    if words == words_of(share.whole()):
        return
    with pytest.raises(ShareError):
        Share.read(" ".join(words))


@pytest.mark.parametrize("size", [*range(40), 41, 80])
def test_truncated(size: int) -> None:
    """A share with words missing, or more of them, is refused by their number."""
    words = (words_of(SHARES[0].whole()) * 2)[:size]
    with pytest.raises(ShareError, match=f"these are {size}"):
        Share.read(" ".join(words))


@given(st.text())
def test_any_text(text: str) -> None:
    """No text is anything but a share or refused, and none is shown again."""
    with pytest.raises(ShareError):
        Share.read(text)


def test_no_secret_shown() -> None:
    """A share shows its number and nothing of its value, and can't be copied."""
    share = SHARES[0]
    assert repr(share.value)[2:-1] not in repr(share)
    assert share.value.hex() not in repr(share)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            attempt(share)


# -------------------------------------------------------------------------------------------------------------- custody


@pytest.mark.parametrize("places", [(0, 1), (0, 2), (1, 2), (2, 0), (0, 1, 2)])
def test_enough_shares(places: tuple[int, ...]) -> None:
    """As many shares as it takes, whoever's they are, give the key."""
    assert master_key(CUSTODY, [SHARES[place] for place in places]) == KEY


@pytest.mark.parametrize("places", [(), (0,), (1,), (2,)])
def test_too_few_shares(places: tuple[int, ...]) -> None:
    """One share less than it takes gives nothing."""
    with pytest.raises(CustodyError, match=f"it takes 2 shares, and there are {len(places)}"):
        master_key(CUSTODY, [SHARES[place] for place in places])


def test_one_share_twice() -> None:
    """The same share twice is refused by its custodian's name."""
    with pytest.raises(CustodyError, match="the share of Aisha Patel is there twice"):
        master_key(CUSTODY, [SHARES[2], SHARES[2]])


def test_forged_share() -> None:
    """A share that is well written but was never given out is refused, though its check fits."""
    forged = Share(CUSTODY.set_id, 2, bytes(32))
    with pytest.raises(CustodyError, match="number 2, but it isn't one that was given out"):
        master_key(CUSTODY, [SHARES[0], Share.read(forged.code())])


@pytest.mark.parametrize("number", [0, 4, 255])
def test_share_of_nobody(number: int) -> None:
    """A share with a number that no custodian has is refused."""
    with pytest.raises(CustodyError, match="isn't one that was given out"):
        CUSTODY.holder(Share(CUSTODY.set_id, number, SHARES[0].value))


def test_renumbered_share() -> None:
    """A custodian's share under another's number is refused."""
    with pytest.raises(CustodyError, match="isn't one that was given out"):
        CUSTODY.holder(Share(CUSTODY.set_id, 2, SHARES[0].value))


def test_share_of_another_set() -> None:
    """A share of another set is refused by that name."""
    _, others = custody_of(KEY, seed="other")
    with pytest.raises(CustodyError, match="of another set"):
        master_key(CUSTODY, [SHARES[0], others[1]])


def test_holders() -> None:
    """A share tells whose it is."""
    assert [CUSTODY.holder(share) for share in SHARES] == CUSTODIANS


@pytest.mark.parametrize(
    ("threshold", "names"),
    [
        (0, CUSTODIANS), (1, CUSTODIANS), (4, CUSTODIANS), (2, ["A"]), (2, []), (2, ["A", "B", "A"]), (2, ["A", "a"]),
        (2, ["Zoë", "Zoe\u0308"]),
        (2, [str(n) for n in range(256)]),
    ],
)  # fmt: skip
def test_custody_of_one(threshold: int, names: list[str]) -> None:
    """Custody in which one person would do, or somebody has two shares, or there are too many or few, is refused."""
    with pytest.raises(CustodyError):
        give_out(KEY, threshold, names, set_id=b"set", randomness=bytes(32))


def test_digests() -> None:
    """There is a digest for each custodian, and none of them is the share."""
    assert len(set(CUSTODY.digests)) == 3
    with pytest.raises(CustodyError, match="one digest for each"):
        Custody(2, tuple(CUSTODIANS), b"set", CUSTODY.digests[:2])
    for share in SHARES:
        assert share.value.hex()[:16] not in repr(CUSTODY)
