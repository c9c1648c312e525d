"""Changing the keys of many meters."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.batch.columns import few_or_many
from tests.sts.support import decoder_keys, key_types, tids
from umbane import sts
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
    KeyChangeError,
    KeyChangeSection,
    KeyExpiredError,
    StsInputError,
)
from umbane.sts.batch import DecoderKeys, key_change_sets

Change = tuple[DecoderKey, DecoderKey]


def changes(ea: EA) -> st.SearchStrategy[list[Change]]:
    """Permitted changes of keys of one algorithm."""
    pair = key_types.flatmap(
        lambda kt: st.tuples(
            decoder_keys(ea=st.just(ea), kt=st.just(kt)),
            decoder_keys(ea=st.just(ea), kt=st.sampled_from(sorted(PERMITTED_CHANGES[kt])), ken=st.just(KEN(255))),
        )
    )
    return few_or_many(pair)


def key(*, ea: EA = EA.STA, kt: KT = KT.DUTK, ken: int = 255, sgc: SGC | None = SGC(1), value: int = 1) -> DecoderKey:  # noqa: B008 - frozen
    """A key."""
    return DecoderKey(value, ea, kt, KRN(1), TI(1), KEN(ken), sgc, BaseDate.Y2014)


def together(table: list[Change]) -> tuple[DecoderKeys, DecoderKeys]:
    """The current keys and the new ones, as columns."""
    return DecoderKeys.of(current for current, _ in table), DecoderKeys.of(new for _, new in table)


@given(st.sampled_from(EA).flatmap(changes), tids, st.booleans())
def test_like_one_by_one(table: list[Change], at: TID, with_sgc: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """Every meter gets the two, three or four tokens that it gets alone."""
    carrier = TCT.MAGNETIC_CARD
    sets = key_change_sets(*together(table), at=at, carrier=carrier, with_sgc=with_sgc)
    for (current, new), tokens in zip(table, sets.tolist(), strict=True):
        sections = sts.key_change_set(current, new, at=at, carrier=carrier, with_sgc=with_sgc)
        assert [token.decode() for token in tokens] == [sts.encode(section, current).digits for section in sections]


@given(st.sampled_from(EA).flatmap(changes))
def test_taken_by_the_meter(table: list[Change]) -> None:
    """The tokens of a set, decoded under the current key, make up the new key."""
    sets = key_change_sets(*together(table), at=TID(0), carrier=TCT.MAGNETIC_CARD, with_sgc=True)
    for (current, new), tokens in zip(table, sets.tolist(), strict=True):
        sections = [sts.decode(sts.EncodedToken.parse(token.decode()), current) for token in tokens]
        numbered = {section.section: section for section in sections if isinstance(section, KeyChangeSection)}
        assembled = sts.assemble(numbered, current)
        assert assembled is not None
        assert assembled.key.value == new.value
        assert assembled.rollover is (current.base_date is not new.base_date)


@pytest.mark.parametrize(("ea", "with_sgc", "size"), [(EA.STA, False, 2), (EA.STA, True, 3), (EA.MISTY1, False, 4)])
def test_sizes(ea: EA, with_sgc: bool, size: int) -> None:  # noqa: FBT001 - pytest gives it
    """A 64-bit key travels in two tokens, or in three with its SGC, a 128-bit key in four."""
    current, new = together([(key(ea=ea), key(ea=ea, value=2))] * 3)
    assert key_change_sets(current, new, at=TID(0), with_sgc=with_sgc).shape == (3, size)


def test_single_values_go_with_all() -> None:
    """One new key goes to many meters, and every meter may have a moment of its own."""
    many, one = DecoderKeys.of([key(value=n) for n in range(3)]), DecoderKeys.of([key(value=9)])
    sets = key_change_sets(many, one, at=[1, 2, 3])
    assert len({token for row in sets.tolist() for token in row}) == 6
    assert key_change_sets(one, many, at=TID(1)).shape == (3, 2)


@pytest.mark.parametrize("current", KT)
@pytest.mark.parametrize("new", KT)
@pytest.mark.parametrize("carrier", [TCT.MAGNETIC_CARD, TCT.NUMERIC])
def test_table_33(current: KT, new: KT, carrier: TCT) -> None:
    """A change of key type is refused by its row exactly when it is alone."""
    table = [(key(kt=KT.DITK), key(kt=KT.DITK)), (key(kt=current), key(kt=new))]
    alone = refusal(lambda: sts.key_change_set(*table[1], at=TID(0), carrier=carrier))
    batch = refusal(lambda: key_change_sets(*together(table), at=TID(0), carrier=carrier))
    assert batch == (alone and f"row 1: {alone}")


def refusal(change: Callable[[], object]) -> str | None:
    """Why a change is not permitted, or None if it is."""
    try:
        change()
    except KeyChangeError as error:
        return str(error)
    return None


def test_another_algorithm() -> None:
    """Keys of another algorithm don't travel by tokens."""
    with pytest.raises(KeyChangeError, match="EA07"):
        key_change_sets(DecoderKeys.of([key()]), DecoderKeys.of([key(ea=EA.MISTY1)]), at=TID(0))


def test_expired_new_key() -> None:
    """A new key that has expired is refused by its row; a DITK doesn't expire, and neither does the current key."""
    current = DecoderKeys.of([key(kt=KT.DITK, ken=0)] * 2)
    table = DecoderKeys.of([key(), key(ken=85)])
    assert len(key_change_sets(current, table, at=TID((85 << 16) + 0xFFFF))) == 2
    with pytest.raises(KeyExpiredError, match="row 1"):
        key_change_sets(current, table, at=TID(86 << 16))
    assert len(key_change_sets(current, DecoderKeys.of([key(kt=KT.DITK, ken=0)]), at=TID(86 << 16))) == 2


@pytest.mark.parametrize("ea", EA)
def test_unknown_sgc(ea: EA) -> None:
    """A set that carries the SGC isn't made for a key without one, by whose row it is refused."""
    current, new = together([(key(ea=ea), key(ea=ea)), (key(ea=ea), key(ea=ea, sgc=None))])
    with pytest.raises(KeyChangeError, match="row 1"):
        key_change_sets(current, new, at=TID(0), with_sgc=True)
    assert ea is EA.MISTY1 or len(key_change_sets(current, new, at=TID(0))) == 2


@pytest.mark.parametrize("wrong", ["current", "new", "carrier", "tables", "at"])
def test_wrong_type(wrong: str) -> None:
    """What is of another type is refused."""
    arguments: dict[str, object] = {"current": DecoderKeys.of([key()]), "new": DecoderKeys.of([key()]), "at": TID(0)}
    with pytest.raises(StsInputError):
        key_change_sets(**{**arguments, wrong: "something else"})  # type: ignore[arg-type] # what is tested


def test_different_lengths() -> None:
    """Two new keys don't go to three meters, nor two moments."""
    two, three = DecoderKeys.of([key()] * 2), DecoderKeys.of([key()] * 3)
    with pytest.raises(StsInputError, match="new: it has 2 rows, but current has 3"):
        key_change_sets(three, two, at=TID(0))
    with pytest.raises(StsInputError, match="TID: it has 2 rows"):
        key_change_sets(three, three, at=[1, 2])
