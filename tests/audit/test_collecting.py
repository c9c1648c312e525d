"""A second custodian, and receipts: what is believed, and what is an alarm."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.audit.naive import mth, path, subproof
from tests.audit.test_export import export, log, signed
from tests.audit.test_heads import ENTRIES, KEYS, NOW, OTHER, SIGNER, head
from umbane.audit import (
    SALT_BYTES,
    AlteredError,
    ExportError,
    Fact,
    ForkError,
    Receipt,
    collect,
    hidden,
    leaf_hash,
    parse_heads,
    parse_receipt,
    verify_export,
)
from umbane.audit.entries import written


def nobody(old: int, new: int) -> list[bytes]:
    """A log that isn't to be asked."""
    raise AssertionError((old, new))


def honest(old: int, new: int) -> list[bytes]:
    """A log that proves what it says."""
    return subproof(old, ENTRIES[:new])


def test_the_first_head() -> None:
    """The first head is kept as it is, if it is signed."""
    found = collect(KEYS, [], str(head(7)), nobody)
    assert (found.head, found.is_new, found.grown) == (head(7), True, 7)


def test_a_log_that_grows() -> None:
    """A later head is kept when it is proven that nothing before it has changed; the same one isn't kept again."""
    found = collect(KEYS, [head(3), head(7)], str(head(20, after=1)), honest)
    assert (found.is_new, found.grown) == (True, 13)
    again = collect(KEYS, [head(7)], str(head(7)), nobody)
    assert (again.is_new, again.grown) == (False, 0)


def test_alarms() -> None:
    """A log that was cut back, one with another past, one that proves nothing and one of a stranger are alarms."""
    forged = [*ENTRIES[:3], b"forged", *ENTRIES[4:]]
    with pytest.raises(ForkError, match="cut back"):
        collect(KEYS, [head(7)], str(head(6, after=1)), nobody)
    with pytest.raises(ForkError, match="two logs"):
        collect(KEYS, [head(7)], str(head(20, forged, after=1)), lambda old, new: subproof(old, forged[:new]))
    with pytest.raises(ForkError, match="two logs"):
        collect(KEYS, [head(7)], str(head(20, after=1)), lambda _old, _new: [])
    with pytest.raises(AlteredError, match="isn't known"):
        collect(KEYS, [head(7)], str(OTHER.sign(20, mth(ENTRIES), NOW)), honest)
    with pytest.raises(AlteredError, match="no head"):
        collect(KEYS, [head(7)], "None", honest)


def test_what_was_collected() -> None:
    """Heads are read as they were kept; one that was altered there is named by its line."""
    text = f"{head(3)}\n{head(7)}\n"
    assert parse_heads(text, KEYS) == [head(3), head(7)]
    assert parse_heads("", KEYS) == []
    with pytest.raises(AlteredError, match="line 2 of what was collected: the head of 8"):
        parse_heads(text.replace("head 7", "head 8"), KEYS)


# ------------------------------------------------------------------------------------------------------- hidden entries


def test_entries_that_arent_shown() -> None:
    """An export in which some entries are hidden is whole, and says how many they are."""
    entries = log()
    some = [hidden(leaf_hash(it)) if n % 3 == 0 else it for n, it in enumerate(entries)]
    found = verify_export(export(some, signed(entries)), KEYS)
    assert (found.entries, found.hidden) == (40, 14)


@pytest.mark.parametrize("place", [4, 20])
def test_something_else_that_is_hidden(place: int) -> None:
    """Another entry than the one that was signed can't be hidden, nor be written in another way."""
    entries = log()
    other = [hidden(leaf_hash(b"x")) if n == place else it for n, it in enumerate(entries)]
    with pytest.raises(ExportError, match="aren't those that were signed"):
        verify_export(export(other, signed(entries)), KEYS)
    lines = export([hidden(leaf_hash(it)) if n == place else it for n, it in enumerate(entries)], signed(entries))
    at = next(n for n, line in enumerate(lines) if line.startswith(b"%d " % place))
    for old, new in ((b"=", b"= "), (b"=", b"=z"), (b"\n", b"00\n"), (b"=", b"=\xff")):
        altered = [*lines[:at], lines[at].replace(old, new), *lines[at + 1 :]]
        with pytest.raises(ExportError, match=f"entry {place} was altered"):
            verify_export(altered, KEYS)
    prefix, _, leaf = lines[at].partition(b"=")
    with pytest.raises(ExportError, match=f"entry {place} was altered"):
        verify_export([*lines[:at], prefix + b"=" + leaf.upper(), *lines[at + 1 :]], KEYS)


# ------------------------------------------------------------------------------------------------------------- receipts

SALTS = [b"a" * SALT_BYTES, b"b" * SALT_BYTES]


def receipt() -> Receipt:
    """A receipt for one of some entries."""
    chance = iter(SALTS)
    facts = [Fact("x", NOW, {"number": it}, b"secret %d" % it if it in {3, 4} else None) for it in range(9)]
    entries, _ = written(facts, lambda _: next(chance))
    signed_head = SIGNER.sign(9, mth(entries), NOW + timedelta(minutes=1))
    return Receipt(entries[3], 3, tuple(path(3, entries)), signed_head, (SALTS[0],))


def test_a_true_receipt() -> None:
    """A receipt is read as it was written; whoever knows the secret sees that it is that."""
    found = parse_receipt(receipt().text())
    assert found == receipt()
    found.require_true(KEYS)
    found.require_true(KEYS, b"secret 3")


def test_a_receipt_for_something_else() -> None:
    """Another secret than that of the entry is refused, also that of its neighbour."""
    for secret in (b"secret 4", b"", b"secret"):
        with pytest.raises(AlteredError, match="isn't what is sealed in it"):
            receipt().require_true(KEYS, secret)


def altered() -> list[dict[str, Any]]:
    """Receipts of which one thing was altered."""
    said = json.loads(receipt().text())
    line = str(SIGNER.sign(9, bytes(32), NOW))
    return [
        said | {"entry": said["entry"].replace('"number":3', '"number":2')},
        said | {"place": 4},
        said | {"place": -6},
        said | {"proof": said["proof"][1:]},
        said | {"proof": [*said["proof"], "00" * 32]},
        said | {"head": said["head"].replace("head 9", "head 8")},
        said | {"head": line},
    ]


@pytest.mark.parametrize("said", altered())
def test_receipts_that_arent_true(said: dict[str, Any]) -> None:
    """A receipt that was altered in any part isn't believed."""
    with pytest.raises(AlteredError):
        parse_receipt(json.dumps(said)).require_true(KEYS)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"entry":1}', "[" * 10_000, receipt().text().replace("head", "heads")]
)
def test_what_is_no_receipt(text: str) -> None:
    """What is no receipt is refused in words."""
    with pytest.raises(AlteredError, match="no receipt"):
        parse_receipt(text)
