"""Who unseals a module: enough of its custodians, whichever they are, and nobody else."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.process.support import CHEAP, PEOPLE
from umbane.security.documents import canonical, parsed
from umbane.security.errors import AlteredError, CustodianError, DocumentError
from umbane.security.process.custody import MASTER, Custody

SECRET = bytes(range(MASTER))
CUSTODY = Custody.founded(2, PEOPLE, SECRET, CHEAP)
WORDS = "one two three four"


def keys(*names: str) -> dict[str, bytes]:
    """The keys of these custodians."""
    return {name: CUSTODY.key(name, PEOPLE[name]) for name in names}


@pytest.mark.parametrize("threshold", [1, 2, 3])
def test_enough(threshold: int) -> None:
    """Any group that is large enough gets the master key, and so does a larger one; a smaller one never does."""
    custody = Custody.founded(threshold, PEOPLE, SECRET, CHEAP)
    for size in range(len(PEOPLE) + 1):
        for group in combinations(PEOPLE, size):
            held = {name: custody.key(name, PEOPLE[name]) for name in group}
            if size >= threshold:
                assert custody.master(held) == SECRET
            else:
                with pytest.raises(CustodianError, match=f"it takes {threshold} custodians"):
                    custody.master(held)


@pytest.mark.parametrize(
    ("name", "passphrase"),
    [("ada", PEOPLE["ben"]), ("ada", ""), ("ada", f"{WORDS} "), ("Ada", WORDS), ("", WORDS), ("dan", WORDS)],
)
def test_not_a_custodian(name: str, passphrase: str) -> None:
    """Another passphrase and another name are refused in the same words, which don't say which of them was wrong."""
    with pytest.raises(CustodianError, match="no custodian has that name and passphrase"):
        CUSTODY.key(name, passphrase)


def test_one_key_twice() -> None:
    """One custodian's key under two names opens nothing."""
    held = keys("ada")
    with pytest.raises(AlteredError):
        CUSTODY.master({**held, "ben": held["ada"]})


def test_strangers() -> None:
    """Keys under names that aren't custodians' open nothing."""
    with pytest.raises(AlteredError):
        CUSTODY.master({"x": SECRET, "y": SECRET})


def test_another_module() -> None:
    """The same people with the same passphrases have other keys in another module."""
    other = Custody.founded(2, PEOPLE, SECRET, CHEAP)
    assert all(other.key(name, words) != CUSTODY.key(name, words) for name, words in PEOPLE.items())


@pytest.mark.parametrize(
    ("threshold", "people"),
    [
        (0, PEOPLE),
        (4, PEOPLE),
        (1, {}),
        (2, {f"p{number}": f"{WORDS} {number}" for number in range(8)}),
        (1, {"ada": "too short"}),
        (2, {"ada": WORDS, "ben": WORDS}),
        (1, {"ada": "aaaaaaaaaaaaaaaaaaaa"}),
        (1, {"a b": WORDS}),
        (1, {"": WORDS}),
        (1, {"ädä": WORDS}),
    ],
)
def test_unfit(threshold: int, people: dict[str, str]) -> None:
    """Too few people, too many, names that are none, and passphrases that are guessed or that two have are refused."""
    with pytest.raises(CustodianError):
        Custody.founded(threshold, people, SECRET, CHEAP)


def test_kept() -> None:
    """What is written of custodians is read as it was."""
    assert Custody.of(parsed("x", canonical(CUSTODY.fields()))) == CUSTODY
    assert CUSTODY.names == ("ada", "ben", "cyd")


BROKEN: dict[str, dict[str, Any]] = {
    "no threshold": {"threshold": None},
    "a threshold of none": {"threshold": 0},
    "more than there are": {"threshold": 4},
    "a cost without end": {"cost": [1, 1 << 30, 1]},
    "no cost": {"cost": [0, 8, 1]},
    "half a cost": {"cost": [1]},
    "nobody": {"custodians": []},
    "somebody without a salt": {"custodians": [{"name": "ada"}]},
    "no list": {"custodians": 5},
    "no wraps": {"wraps": []},
    "wraps that are no text": {"wraps": {"ada ben": 5}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    """What can't be custodians is refused, before any passphrase is stretched at any cost."""
    with pytest.raises(DocumentError):
        Custody.of({**CUSTODY.fields(), **BROKEN[name]})


@given(data=st.data())
def test_altered(data: st.DataObject) -> None:
    """A wrap of which one bit is another opens nothing."""
    wrap = bytearray(CUSTODY.wraps["ada cyd"])
    wrap[data.draw(st.integers(0, len(wrap) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    altered = Custody(2, CHEAP, CUSTODY.custodians, {**CUSTODY.wraps, "ada cyd": bytes(wrap)})
    with pytest.raises(AlteredError):
        altered.master(keys("ada", "cyd"))
