"""Changing a meter's key."""

import dataclasses
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sts.support import (
    HUGE,
    NOT_INTEGERS,
    algorithms,
    decoder_keys,
    each,
    kens,
    refused,
    sections,
    shows,
    tids,
    values_of,
    words,
)
from umbane.sts import (
    DKGA,
    EA,
    KEN,
    KRN,
    KT,
    LAST_TID,
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
    MeterPAN,
    NewKey,
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
    Set3rdSectionDecoderKey,
    Set4thSectionDecoderKey,
    TokenContentError,
    VendingKey,
    assemble,
    decode,
    derive,
    encode,
    key_change_set,
    require_permitted_change,
)
from umbane.sts.crc import crc

NOW = TID(6_000_000)
TABLE_33 = {
    KT.DITK: {KT.DITK, KT.DDTK, KT.DUTK, KT.DCTK},
    KT.DDTK: {KT.DDTK, KT.DUTK, KT.DCTK},
    KT.DUTK: {KT.DDTK, KT.DUTK},
    KT.DCTK: {KT.DDTK, KT.DCTK},
}
SHORT = DecoderKey(0x0123456789ABCDEF, EA.STA, KT.DUTK, KRN(1), TI(1), sgc=SGC(123456))
LONG = DecoderKey(0x0123456789ABCDEFFEDCBA9876543210, EA.MISTY1, KT.DUTK, KRN(1), TI(1), sgc=SGC(123456))

lasting = st.just(KEN(255))
unique = st.just(KT.DUTK)


@st.composite
def changes(
    draw: st.DrawFn, ea: st.SearchStrategy[EA] = algorithms
) -> tuple[DecoderKey, DecoderKey, tuple[KeyChangeSection, ...]]:
    """A meter's key, its new key, and the set that changes one into the other."""
    algorithm = st.just(draw(ea))
    current = draw(decoder_keys(ea=algorithm))
    new_type = st.sampled_from(sorted(PERMITTED_CHANGES[current.kt]))
    new = draw(decoder_keys(ea=algorithm, kt=new_type, ken=lasting))
    return current, new, key_change_set(current, new, at=NOW, carrier=TCT.MAGNETIC_CARD, with_sgc=draw(st.booleans()))


def by_number(chosen: tuple[KeyChangeSection, ...]) -> dict[int, KeyChangeSection]:
    """Sections as a meter collects them."""
    return {section.section: section for section in chosen}


# ------------------------------------------------------------------------------------------------------------ Table 33


@pytest.mark.parametrize(("current", "new"), list(product(KT, KT)))
def test_every_pair(current: KT, new: KT) -> None:
    """Each of the sixteen changes of key type is permitted or refused as Table 33 has it."""
    if new in TABLE_33[current]:
        require_permitted_change(current, new, TCT.MAGNETIC_CARD)
    else:
        with pytest.raises(KeyChangeError, match=f"a {current.name} can't be replaced by a {new.name}, only by"):
            require_permitted_change(current, new, TCT.MAGNETIC_CARD)


@pytest.mark.parametrize("carrier", sorted(set(TCT) - {TCT.MAGNETIC_CARD}))
@pytest.mark.parametrize("current", KT)
def test_common_keys_are_for_cards(current: KT, carrier: TCT) -> None:
    """No change leads to a common key in a meter that takes anything but magnetic cards."""
    with pytest.raises(KeyChangeError):
        require_permitted_change(current, KT.DCTK, carrier)


@pytest.mark.parametrize("carrier", TCT)
@pytest.mark.parametrize(("current", "new"), [(old, new) for old in KT for new in sorted(TABLE_33[old] - {KT.DCTK})])
def test_other_keys_are_for_all_carriers(current: KT, new: KT, carrier: TCT) -> None:
    """Every other permitted change is permitted whatever the meter takes."""
    require_permitted_change(current, new, carrier)


@pytest.mark.parametrize(("current", "new"), [(old, new) for old in KT for new in sorted(set(KT) - TABLE_33[old])])
def test_no_set_for_what_is_not_permitted(current: KT, new: KT) -> None:
    """No set of sections is made for a change that isn't permitted."""
    old_key, new_key = dataclasses.replace(SHORT, kt=current), dataclasses.replace(SHORT, kt=new)
    with pytest.raises(KeyChangeError):
        key_change_set(old_key, new_key, at=NOW, carrier=TCT.MAGNETIC_CARD)


def test_no_set_for_a_common_key_by_keypad() -> None:
    """The set for a common key is refused unless it is said that the meter takes magnetic cards."""
    current, new = dataclasses.replace(SHORT, kt=KT.DDTK), dataclasses.replace(SHORT, kt=KT.DCTK)
    with pytest.raises(KeyChangeError, match="TCT 02"):
        key_change_set(current, new, at=NOW)
    assert key_change_set(current, new, at=NOW, carrier=TCT.MAGNETIC_CARD)


def test_table_is_fixed() -> None:
    """Nobody can permit another change while the program runs."""
    with pytest.raises(TypeError):
        PERMITTED_CHANGES[KT.DUTK] = frozenset(KT)  # type: ignore[index]  # that it is refused is what is tested


# ------------------------------------------------------------------------------------------------------------ the sets


@given(changes())
def test_number_of_sections(change: tuple[DecoderKey, DecoderKey, tuple[KeyChangeSection, ...]]) -> None:
    """A key of 64 bits takes two sections, or three with its group; one of 128 bits takes four."""
    _, new, chosen = change
    numbers = [section.section for section in chosen]
    first = chosen[0]
    assert isinstance(first, Set1stSectionDecoderKey)
    if new.ea is EA.MISTY1:
        assert numbers == [1, 2, 3, 4]
        assert first.third_follows is False
    else:
        assert numbers == ([1, 2, 3] if first.third_follows else [1, 2])


@given(changes(), st.randoms(use_true_random=False))
def test_any_order(change: tuple[DecoderKey, DecoderKey, tuple[KeyChangeSection, ...]], chance: object) -> None:
    """A meter that is given the tokens of a set in any order has the new key with the last of them, and not before."""
    current, new, chosen = change
    usable = dataclasses.replace(current, ken=KEN(255))
    order = list(chosen)
    chance.shuffle(order)  # type: ignore[attr-defined]  # a random.Random, of a class of hypothesis
    taken: dict[int, KeyChangeSection] = {}
    for section in order:
        assert assemble(taken, current) is None
        read = decode(encode(section, usable), usable)
        assert read == section
        taken[section.section] = section
    carried_sgc = new.sgc if len(chosen) > 2 else None
    key = dataclasses.replace(new, sgc=carried_sgc, base_date=current.base_date)
    assert assemble(taken, current) == NewKey(key, rollover=current.base_date is not new.base_date)


@pytest.mark.parametrize(("current", "with_sgc"), [(SHORT, False), (SHORT, True), (LONG, False), (LONG, True)])
def test_every_order(current: DecoderKey, *, with_sgc: bool) -> None:
    """All orders of one set lead to the new key, and every set with a section missing leads to none."""
    new = dataclasses.replace(current, value=current.value ^ 0xFF, krn=KRN(2))
    chosen = key_change_set(current, new, at=NOW, with_sgc=with_sgc)
    key = new if len(chosen) > 2 else dataclasses.replace(new, sgc=None)
    for order in permutations(chosen):
        assert assemble(by_number(order), current) == NewKey(key, rollover=False)
    for missing in chosen:
        assert assemble(by_number(tuple(section for section in chosen if section is not missing)), current) is None


@given(decoder_keys(ea=st.just(EA.STA), kt=unique, ken=lasting))
def test_parts_of_a_short_key(new: DecoderKey) -> None:
    """A key of 64 bits travels as its high and its low half."""
    first, second = key_change_set(SHORT, new, at=NOW)
    assert first.content() & 0xFFFFFFFF == new.value >> 32
    assert second.content() & 0xFFFFFFFF == new.value & 0xFFFFFFFF


@given(decoder_keys(ea=st.just(EA.MISTY1), kt=unique, ken=lasting))
def test_parts_of_a_long_key(new: DecoderKey) -> None:
    """A key of 128 bits travels as NKHO, NKMO2, NKMO1 and NKLO, in sections 1, 3, 4 and 2."""
    parts = [section.content() & 0xFFFFFFFF for section in key_change_set(LONG, new, at=NOW)]
    assert parts[0] << 96 | parts[2] << 64 | parts[3] << 32 | parts[1] == new.value


@given(changes())
def test_fields_of_the_new_key(change: tuple[DecoderKey, DecoderKey, tuple[KeyChangeSection, ...]]) -> None:
    """What travels beside the key is the new key's: expiry, revision, type and tariff."""
    _, new, (first, second, *_) = change
    high, low = first.content() >> 32, second.content() >> 32
    assert high >> 8 << 4 | low >> 8 == new.ken.value
    assert (high >> 4 & 15, high & 3, low & 0xFF) == (new.krn.value, new.kt.value, new.ti.value)


@pytest.mark.parametrize(("old", "new"), list(product(BaseDate, BaseDate)))
def test_rollover(old: BaseDate, new: BaseDate) -> None:
    """RO tells the meter to forget its identifiers exactly when the new key counts from another base date."""
    current, wanted = dataclasses.replace(SHORT, base_date=old), dataclasses.replace(SHORT, base_date=new)
    chosen = key_change_set(current, wanted, at=NOW)
    assert chosen[0].content() >> 35 & 1 == (old is not new)
    assembled = assemble(by_number(chosen), current)
    assert assembled is not None
    assert assembled.rollover is (old is not new)


@pytest.mark.parametrize("sgc", [0, 4095, 4096, 123_457, 999_999])
def test_group_in_both_layouts(sgc: int) -> None:
    """The group travels whole in a set of three, and in two halves of twelve bits in a set of four."""
    third = key_change_set(SHORT, dataclasses.replace(SHORT, sgc=SGC(sgc)), at=NOW, with_sgc=True)[2]
    assert divmod(third.content(), 1 << 20) == (sgc, 0)
    *_, third, fourth = key_change_set(LONG, dataclasses.replace(LONG, sgc=SGC(sgc)), at=NOW)
    assert fourth.content() >> 32 << 12 | third.content() >> 32 == sgc


@pytest.mark.parametrize(("current", "with_sgc"), [(SHORT, True), (LONG, False), (LONG, True)])
def test_missing_group(current: DecoderKey, *, with_sgc: bool) -> None:
    """A set that carries the group is refused for a key whose group isn't known."""
    with pytest.raises(KeyChangeError, match="the new key has none"):
        key_change_set(current, dataclasses.replace(current, sgc=None), at=NOW, with_sgc=with_sgc)


def test_group_not_needed() -> None:
    """A set of two doesn't carry the group, so it need not be known; the meter then holds none."""
    chosen = key_change_set(SHORT, dataclasses.replace(SHORT, sgc=None), at=NOW)
    assembled = assemble(by_number(chosen), SHORT)
    assert assembled is not None
    assert assembled.key.sgc is None


@pytest.mark.parametrize(("current", "new"), [(SHORT, LONG), (LONG, SHORT)])
def test_other_algorithm(current: DecoderKey, new: DecoderKey) -> None:
    """No token changes the algorithm of a meter."""
    with pytest.raises(KeyChangeError, match="by tokens"):
        key_change_set(current, new, at=NOW)


# -------------------------------------------------------------------------------------------------------------- expiry


@given(kens, tids)
def test_new_key_expired(ken: KEN, at: TID) -> None:
    """A key that has expired is never put into a meter."""
    new = dataclasses.replace(SHORT, ken=ken)
    if at.minutes >> 16 > ken.value:
        with pytest.raises(KeyExpiredError):
            key_change_set(SHORT, new, at=at)
    else:
        assert key_change_set(SHORT, new, at=at)


@given(kens, tids)
def test_old_key_expired(ken: KEN, at: TID) -> None:
    """A key that has expired still encrypts the tokens that replace it."""
    current = dataclasses.replace(SHORT, ken=ken)
    for section in key_change_set(current, SHORT, at=at):
        encode(section, current)


def test_initialisation_keys_do_not_expire() -> None:
    """An expiry number beside an initialisation key has no effect."""
    initial = dataclasses.replace(SHORT, kt=KT.DITK, ken=KEN(0))
    assert key_change_set(initial, initial, at=TID(LAST_TID))


# ----------------------------------------------------------------------------------------------------------- published


def test_published_set_of_four() -> None:
    """The four tokens of a published change of tariff, under EA11."""
    secret = bytes.fromhex("abababababababab949494949494949401234567")
    vending = VendingKey(secret, DKGA.KDF_HMAC_SHA256, SGC(123457), KRN(1), KT.DUTK, BaseDate.Y1993)
    current, new = (derive(vending, MeterPAN("600727000000000009"), TI(ti), EA.MISTY1) for ti in (1, 2))
    assert [encode(section, current).digits for section in key_change_set(current, new, at=NOW)] == [
        "34812744915211133004",
        "46903925208523674737",
        "71464563847088610152",
        "67904239402617643990",
    ]


# -------------------------------------------------------------------------------------------------------- the sections


@given(sections)
def test_sections_read_back(section: KeyChangeSection) -> None:
    """A meter reads each section as it was made, under the ordinary check bits."""
    kinds = (Set1stSectionDecoderKey, Set2ndSectionDecoderKey, Set3rdSectionDecoderKey, Set4thSectionDecoderKey)
    content = section.content()
    assert content < 1 << 44
    assert section.check_bits(content) == crc(content)
    assert kinds[section.section - 1].from_content(section.subclass, content) == section


def test_numbers_of_the_sections() -> None:
    """The sections 1 to 4 are subclasses 3, 4, 8 and 9 of class 2."""
    kinds = (Set1stSectionDecoderKey, Set2ndSectionDecoderKey, Set3rdSectionDecoderKey, Set4thSectionDecoderKey)
    assert [kind.section for kind in kinds] == [1, 2, 3, 4]
    assert [kind.subclass for kind in kinds] == [3, 4, 8, 9]
    assert {kind.token_class for kind in kinds} == {2}


def test_no_section_of_no_kind() -> None:
    """A section that is none of the four can't be made."""
    with pytest.raises(TypeError):
        KeyChangeSection()  # type: ignore[abstract]  # that it is abstract is what is tested


@pytest.mark.parametrize("krn", [0, 10, 15])
def test_no_revision(krn: int) -> None:
    """A first section with a revision that isn't 1 to 9 has no meaning."""
    with pytest.raises(TokenContentError, match="KRN"):
        Set1stSectionDecoderKey.from_content(3, krn << 36)


@pytest.mark.parametrize("ti", [100, 0xFF])
def test_no_tariff(ti: int) -> None:
    """A second section with a tariff index of more than two digits has no meaning; 99 is 63 in hexadecimal."""
    assert Set2ndSectionDecoderKey.from_content(4, 0x63 << 32).ti == TI(99)
    with pytest.raises(TokenContentError, match="TI"):
        Set2ndSectionDecoderKey.from_content(4, ti << 32)


@pytest.mark.parametrize(
    ("current", "third", "fourth"),
    [(SHORT, Set3rdSectionDecoderKey(1_000_000 << 20), None), (LONG, Set3rdSectionDecoderKey(0), 0xFFF)],
)
def test_no_group(current: DecoderKey, third: Set3rdSectionDecoderKey, fourth: int | None) -> None:
    """A set whose group has more than six digits has no meaning."""
    chosen: dict[int, KeyChangeSection] = {
        1: Set1stSectionDecoderKey(15, KRN(1), rollover=False, third_follows=fourth is None, kt=KT.DUTK, key_high=0),
        2: Set2ndSectionDecoderKey(15, TI(1), 0),
        3: third,
    }
    if fourth is not None:
        chosen[4] = Set4thSectionDecoderKey(fourth, 0)
    with pytest.raises(TokenContentError, match="SGC"):
        assemble(chosen, current)


def test_padding_of_three() -> None:
    """The twenty bits behind the group in a set of three aren't looked at."""
    chosen = by_number(key_change_set(SHORT, SHORT, at=NOW, with_sgc=True))
    third = chosen[3]
    assert isinstance(third, Set3rdSectionDecoderKey)
    assert assemble({**chosen, 3: Set3rdSectionDecoderKey(third.bits | 0xFFFFF)}, SHORT) == assemble(chosen, SHORT)


@given(changes(ea=st.just(EA.STA)), values_of(12), words)
def test_sections_that_do_not_belong(
    change: tuple[DecoderKey, DecoderKey, tuple[KeyChangeSection, ...]], sgc_high: int, middle: int
) -> None:
    """A fourth section changes nothing for a key of 64 bits, nor a third one that wasn't announced."""
    current, _, chosen = change
    taken = by_number(chosen)
    stray = {3: Set3rdSectionDecoderKey.of_four(SGC(5), middle), 4: Set4thSectionDecoderKey(sgc_high, middle)}
    assert assemble({**stray, **taken}, current) == assemble(taken, current)


def test_sections_are_not_shown() -> None:
    """The text of a section, and of what was put together from all of them, shows nothing of the key."""
    secret = 0xDEADBEEF
    whole = LONG.with_value(sum(secret << shift for shift in (0, 32, 64, 96)))
    parts = key_change_set(LONG, whole, at=NOW)
    for text in (repr(parts), str(parts), repr(assemble(by_number(parts), LONG))):
        assert not shows(text, secret)
        assert not any(shows(text, part.content()) for part in parts)


# -------------------------------------------------------------------------------------------------------- wrong values


FIRST = Set1stSectionDecoderKey(5, KRN(1), rollover=False, third_follows=False, kt=KT.DUTK, key_high=5)
SECOND = Set2ndSectionDecoderKey(5, TI(1), 5)
THIRD = Set3rdSectionDecoderKey(5)
FOURTH = Set4thSectionDecoderKey(5, 5)


@pytest.mark.parametrize(
    ("section", "attribute", "field", "bits"),
    [
        (FIRST, "ken_high", "KENHO", 4),
        (FIRST, "key_high", "NKHO", 32),
        (SECOND, "ken_low", "KENLO", 4),
        (SECOND, "key_low", "NKLO", 32),
        (THIRD, "bits", "3rd section", 44),
        (FOURTH, "sgc_high", "SGCHO", 12),
        (FOURTH, "key_middle", "NKMO1", 32),
    ],
)
@each("wrong", [*NOT_INTEGERS, -1, HUGE])
def test_no_bits(section: Set4thSectionDecoderKey, attribute: str, field: str, bits: int, wrong: object) -> None:
    """Each number in a section has the width that the standard gives it, and the error names it."""
    assert dataclasses.replace(section, **{attribute: (1 << bits) - 1}) != section
    for value in (wrong, 1 << bits):
        assert refused(dataclasses.replace, section, **{attribute: value}).field == field


@pytest.mark.parametrize(
    ("section", "attribute", "field"),
    [
        (FIRST, "krn", "KRN"),
        (FIRST, "rollover", "RO"),
        (FIRST, "third_follows", "3KCT"),
        (FIRST, "kt", "KT"),
        (SECOND, "ti", "TI"),
    ],
)
@each("wrong", [None, 0, 1, 2, "1", "yes", SGC(1)])
def test_no_values(section: Set4thSectionDecoderKey, attribute: str, field: str, wrong: object) -> None:
    """Parameters and flags of a section are of their types: a bare number could spill into the field beside it."""
    assert refused(dataclasses.replace, section, **{attribute: wrong}).field == field


@given(st.integers(1 << 32, 1 << 128))
def test_errors_do_not_show_the_key(value: int) -> None:
    """Who gives a whole key for a part of it finds nothing of it in the error."""
    for section, attribute in ((FIRST, "key_high"), (SECOND, "key_low"), (FOURTH, "key_middle")):
        assert not shows(str(refused(dataclasses.replace, section, **{attribute: value})), value)
    assert not shows(str(refused(Set3rdSectionDecoderKey.of_four, SGC(1), value)), value)
    assert not shows(str(refused(Set3rdSectionDecoderKey, value << 12)), value << 12)


@each("sgc", [None, 123456, "123456", TI(1)])
def test_no_sgc(sgc: object) -> None:
    """The group in a third section is an SGC."""
    assert refused(Set3rdSectionDecoderKey.of_three, sgc).field == "SGC"
    assert refused(Set3rdSectionDecoderKey.of_four, sgc, 5).field == "SGC"


@pytest.mark.parametrize(
    ("name", "wrong", "field"),
    [
        *(("current", wrong, "DecoderKey") for wrong in (None, SHORT.value, "0123456789ABCDEF", FIRST)),
        *(("new", wrong, "DecoderKey") for wrong in (None, SHORT.value, "0123456789ABCDEF", KT.DUTK)),
        *(("at", wrong, "TID") for wrong in (None, 6_000_000, "now", KEN(1))),
        *(("carrier", wrong, "TCT") for wrong in (None, 1, 2, "02", KT.DCTK)),
        *(("with_sgc", wrong, "with_sgc") for wrong in (None, "yes", 1, SGC(1))),
    ],
)
def test_wrong_arguments(name: str, wrong: object, field: str) -> None:
    """Each argument is of its type: bits for a key, minutes for a TID, and a number for a carrier are refused."""
    arguments: dict[str, object] = {"current": SHORT, "new": SHORT, "at": NOW, name: wrong}
    error = refused(key_change_set, **arguments)
    assert error.field == field
    assert not shows(str(error), SHORT.value)


@pytest.mark.parametrize(
    ("current", "new", "carrier", "field"),
    [(2, KT.DUTK, TCT.NUMERIC, "KT"), (KT.DUTK, 7, TCT.NUMERIC, "KT"), (KT.DUTK, KT.DUTK, 2, "TCT")],
)
def test_wrong_types_of_key(current: object, new: object, carrier: object, field: str) -> None:
    """Table 33 is asked with key types and carriers, not with numbers."""
    assert refused(require_permitted_change, current, new, carrier).field == field


@each("taken", [None, [FIRST, SECOND], (FIRST,), "12", {2: FIRST}, {1: SECOND}, {5: FIRST}, {1: None}, {"1": FIRST}])
def test_wrong_sections(taken: object) -> None:
    """Sections are given by their numbers: a list of them, or one under the number of another, is refused."""
    assert refused(assemble, taken, SHORT).field == "sections"


@each("current", [None, 5, EA.STA, NewKey(SHORT, rollover=False)])
def test_no_current_key(current: object) -> None:
    """The key in force says how many sections there must be."""
    assert refused(assemble, {}, current).field == "DecoderKey"
