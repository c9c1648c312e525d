"""A new key, section by section."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.support import (
    KEY,
    LONG_KEY,
    SECOND,
    Till,
    another_key,
    config,
    forged,
    kinds,
    new_meter,
    results,
)
from umbane.meter import TokenResult, ValidationResult
from umbane.meter.validation import MOST_RETIRED_KEYS, TidMemory, fingerprint, validate
from umbane.sts import (
    EA,
    KEN,
    KRN,
    KT,
    PERMITTED_CHANGES,
    SGC,
    TCT,
    TI,
    TID,
    BaseDate,
    DecoderKey,
    EncodedToken,
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
)

NEXT = another_key(krn=KRN(2), ti=TI(7), ken=KEN(200))
ROLLED_OVER = replace(NEXT, base_date=BaseDate.Y2035)
NAMES = {1: "1stKCT", 2: "2ndKCT", 3: "3rdKCT", 4: "4thKCT"}


def set_of(current: DecoderKey, new: DecoderKey, *, with_sgc: bool = False) -> list[EncodedToken]:
    """The sections of a change from one key to another."""
    return Till(current).key_change(new, with_sgc=with_sgc)


@pytest.mark.parametrize(
    ("current", "new", "with_sgc"),
    [
        (KEY, NEXT, False),
        (KEY, replace(NEXT, sgc=SGC(20)), True),
        (LONG_KEY, another_key(LONG_KEY, krn=KRN(9), sgc=SGC(999_999)), False),
    ],
    ids=["two", "three", "four"],
)
def test_sections_in_any_order(current: DecoderKey, new: DecoderKey, *, with_sgc: bool) -> None:
    """The sections of a set of two, three or four may come in any order; the last one is answered with Accept."""
    tokens = dict(enumerate(set_of(current, new, with_sgc=with_sgc), start=1))
    for order in permutations(tokens):
        meter = new_meter(key=current)
        expected = [NAMES[section] for section in order[:-1]] + ["Accept"]
        assert results(meter, [tokens[section] for section in order]) == expected
        assert replace(meter.key, base_date=new.base_date) == new
        assert meter.pending_sections == ()


def test_old_key_until_complete() -> None:
    """The old key is in force until the set is complete, the new one from then on; credit stays."""
    meter, old, new = new_meter(), Till(), Till(NEXT)
    first, second = set_of(KEY, NEXT)
    credit = new.kwh(2)
    assert results(meter, [old.kwh(1), first, credit, old.kwh(1), second]) == [
        "Accept",
        "1stKCT",
        "CRCError",
        "Accept",
        "Accept",
    ]
    assert results(meter, [old.kwh(1), credit]) == ["CRCError", "Accept"]
    assert meter.credit() == 40


def test_same_section_again() -> None:
    """A section entered again replaces what was there and asks for the other one still."""
    meter = new_meter()
    other_first, _ = set_of(KEY, another_key(krn=KRN(5)))
    first, second = set_of(KEY, NEXT)
    assert results(meter, [other_first, first, first, second]) == ["1stKCT", "1stKCT", "1stKCT", "Accept"]
    assert meter.key == NEXT


@pytest.mark.parametrize(
    ("pause", "answer"), [(600 * SECOND - timedelta(milliseconds=1), "Accept"), (600 * SECOND, "2ndKCT")]
)
def test_time_out(pause: timedelta, answer: str) -> None:
    """An incomplete set is dropped ten minutes after its last section."""
    meter = new_meter()
    first, second = set_of(KEY, NEXT)
    meter.enter(first)
    assert meter.pending_sections == (1,)
    meter.advance(pause)
    assert meter.enter(second).result == answer


def test_each_section_restarts_the_time_out() -> None:
    """The time-out counts from the last section taken."""
    meter = new_meter(config(key_change_timeout_s=60), LONG_KEY)
    answers = []
    for token in set_of(LONG_KEY, another_key(LONG_KEY)):
        answers.append(meter.enter(token).result)
        meter.advance(59 * SECOND)
    assert answers[-1] is TokenResult.ACCEPT


def test_power_cut_between_sections() -> None:
    """A power cut, however long, neither loses a section nor uses up its time."""
    meter = new_meter()
    first, second = set_of(KEY, NEXT)
    meter.enter(first)
    meter.cut_power()
    meter.advance(timedelta(days=40))
    meter.return_power()
    assert meter.enter(second).accepted


@pytest.mark.parametrize("current", KT)
@pytest.mark.parametrize("new", KT)
@pytest.mark.parametrize("carrier", [TCT.NUMERIC, TCT.MAGNETIC_CARD])
def test_key_types(current: KT, new: KT, carrier: TCT) -> None:
    """What Table 33 doesn't permit is a KeyTypeError when the set is complete, which is then dropped."""
    permitted = new in PERMITTED_CHANGES[current] and (new is not KT.DCTK or carrier is TCT.MAGNETIC_CARD)
    key = replace(KEY, kt=current)
    meter = new_meter(config(tct=carrier), key)
    first = forged(2, 3, Set1stSectionDecoderKey(15, KRN(2), False, False, new, 1).content())  # noqa: FBT003 - bits
    second = forged(2, 4, Set2ndSectionDecoderKey(15, TI(1), 2).content())
    assert results(meter, [first, second]) == ["1stKCT", "Accept" if permitted else "KeyTypeError"]
    assert meter.key.kt is (new if permitted else current)
    assert meter.pending_sections == ()
    assert (meter.key == key) is not permitted


def test_impossible_supply_group() -> None:
    """A complete set with an SGC that is no number of six digits is a FormatError and dropped."""
    meter = new_meter()
    first = forged(2, 3, Set1stSectionDecoderKey(15, KRN(2), False, True, KT.DUTK, 1).content())  # noqa: FBT003 - bits
    second = forged(2, 4, Set2ndSectionDecoderKey(15, TI(1), 2).content())
    third = forged(2, 8, 0xFFFFFF << 20)
    assert results(meter, [third, first, second]) == ["3rdKCT", "1stKCT", "FormatError"]
    assert (meter.key, meter.pending_sections) == (KEY, ())


def test_fourth_section_for_a_short_key() -> None:
    """A meter with a 64-bit key has no use for a fourth section: FunctionError."""
    assert new_meter().enter(forged(2, 9, 1)).result is TokenResult.FUNCTION_ERROR


def test_unneeded_third_section() -> None:
    """A third section that the first one doesn't announce is dropped when the set is complete."""
    meter = new_meter()
    first, second = set_of(KEY, NEXT)
    third = forged(2, 8, 20 << 20)
    assert results(meter, [third, first, second]) == ["3rdKCT", "1stKCT", "Accept"]
    assert meter.key.sgc is None


def test_rollover_clears_the_memory() -> None:
    """RO makes low TIDs of the new base date good; without it they are too old."""
    low = Till(ROLLED_OVER)
    meter = new_meter()
    assert results(meter, [*set_of(KEY, ROLLED_OVER), low.kwh(1)]) == ["1stKCT", "Accept", "Accept"]
    other = new_meter()
    low = Till(ROLLED_OVER)
    assert results(other, [*set_of(KEY, NEXT), low.kwh(1)]) == ["1stKCT", "Accept", "OldError"]


def test_tids_are_those_of_one_key() -> None:
    """A TID that was used under the old key is free under the new one."""
    meter, old, new = new_meter(), Till(), Till(NEXT)
    assert results(meter, [old.kwh(1), *set_of(KEY, NEXT), new.kwh(1)]) == ["Accept", "1stKCT", "Accept", "Accept"]
    assert meter.credit() == 20


@pytest.mark.parametrize("detour", [NEXT, ROLLED_OVER], ids=["plain", "rollover"])
def test_a_key_that_comes_back(detour: DecoderKey) -> None:
    """A spent token doesn't work again when its key comes back, whatever the sets say about rollover."""
    meter, till = new_meter(), Till()
    spent = [till.kwh(1) for _ in range(3)]
    results(meter, spent)
    results(meter, [*set_of(KEY, detour), Till(detour).kwh(1)])
    back = replace(KEY, base_date=BaseDate.Y1993)
    assert results(meter, set_of(detour, back)) == ["1stKCT", "Accept"]
    assert meter.state.tids.minutes[0] == till.minute
    assert set(results(meter, spent)) <= {"OldError", "UsedError"}
    assert results(meter, [till.kwh(1)]) == ["Accept"]
    assert meter.credit() == 30 + 10 + 10


def test_the_same_key_again() -> None:
    """A set with the key that the meter has already changes nothing about its TIDs, not even with RO."""
    meter, till = new_meter(), Till()
    token = till.kwh(1)
    same = set_of(KEY, replace(KEY, base_date=BaseDate.Y2035))
    assert results(meter, [token, *same, token, *same, token]) == [
        "Accept",
        "1stKCT",
        "Accept",
        "UsedError",
        "1stKCT",
        "Accept",
        "UsedError",
    ]


def test_key_change_is_logged() -> None:
    """A key change is written down with type, revision and tariff index, and no bits."""
    meter = new_meter()
    results(meter, set_of(KEY, NEXT))
    assert "key changed" in kinds(meter.log)
    assert next(event.detail for event in meter.log if event.kind == "key changed") == "DUTK KRN 2 TI 07"


def test_key_change_forgets_no_wrong_tokens() -> None:
    """Only a token that can't be entered again makes the keypad forget wrong ones."""
    meter = new_meter()
    meter.enter(EncodedToken(1))
    results(meter, set_of(KEY, NEXT))
    assert meter.state.lockout.wrong == 1


@given(st.lists(st.integers(0, 0xFFFFFF), max_size=120), st.sampled_from([50, 51]))
def test_no_tid_twice(tids: list[int], size: int) -> None:
    """Whatever TIDs come in whatever order, none is valid twice, and the memory keeps its size and order."""
    memory, used = TidMemory.filled(0, size), set()
    for tid in tids + tids:
        if memory.judge(tid) is ValidationResult.VALID:
            assert tid not in used
            used.add(tid)
            memory = memory.remember(tid)
    assert len(memory.minutes) == size
    assert list(memory.minutes) == sorted(memory.minutes)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 0xFFFFFF), st.booleans()), max_size=80))
def test_no_tid_twice_under_a_key(moves: list[tuple[int, int, bool]]) -> None:
    """Through any sequence of key changes, no TID is valid twice under one key."""
    memory, key, used = TidMemory.filled(0, 50), 1, set()
    for new, tid, rollover in moves:
        memory, key = memory.under_new_key(key, new, rollover=rollover), new
        if memory.judge(tid) is ValidationResult.VALID:
            assert (key, tid) not in used
            used.add((key, tid))
            memory = memory.remember(tid)


def test_retired_keys_are_bounded() -> None:
    """The meter remembers a bounded number of earlier keys, the latest of them."""
    memory = TidMemory.filled(0, 50)
    for key in range(1, 200):
        memory = memory.under_new_key(key - 1, key, rollover=False)
    assert [key for key, _ in memory.retired] == list(range(198, 198 - MOST_RETIRED_KEYS, -1))


def test_fingerprints() -> None:
    """A fingerprint has 32 bits, differs between keys, and isn't a part of the key."""
    keys = [replace(KEY, value=value) for value in (0, 1, 0x0123456789ABCDEF, (1 << 64) - 1)]
    prints = {fingerprint(key) for key in keys}
    assert len(prints) == len(keys)
    assert max(prints) < 1 << 32
    assert fingerprint(LONG_KEY) not in {LONG_KEY.value >> shift & 0xFFFFFFFF for shift in range(0, 128, 8)}


@pytest.mark.parametrize("minutes", [(200 << 16) + 0xFFFF, 201 << 16])
def test_key_expiry_by_the_top_byte(minutes: int) -> None:
    """A key with KEN 200 takes TIDs whose top byte is 200, and none above."""
    memory = TidMemory.filled(0, 50)
    expected = ValidationResult.VALID if minutes >> 16 == 200 else ValidationResult.KEY_EXPIRED_ERROR
    assert validate(memory, NEXT, 2, TID(minutes), check_ken=True) is expected


def test_algorithms() -> None:
    """The keys of these tests are of both algorithms."""
    assert (KEY.ea, LONG_KEY.ea) == (EA.STA, EA.MISTY1)
