"""Short codes as data: the packs that come along, and files that are none."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.meter.face.support import OURS, meter_of, new_face, type_keys
from umbane.meter.face import Beep, CodePack, Deed, Item, PackError, ShortCode, built_in_packs, load_pack, parse_pack

PACKS = [load_pack(name) for name in built_in_packs()]
EVERY_CODE = [pytest.param(pack, code, id=f"{pack.name}-{code.keys}") for pack in PACKS for code in pack.codes]
SOUND = """
name = "n"
make = "m"
models = "o"
how = "h"
[[source]]
id = "s"
title = "t"
address = "a"
date = "d"
[[code]]
keys = "1"
shows = "credit"
from = ["s"]
"""


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_pack_names_its_sources(pack: CodePack) -> None:
    """Every code of a real make is confirmed by a source with title, address and date; ours claims none."""
    assert all(source.address.startswith("http") for source in pack.sources)
    assert all(code.sources for code in pack.codes) is not pack.ours
    assert {name for code in pack.codes for name in code.sources} == {source.id for source in pack.sources}


def test_only_one_pack_is_ours() -> None:
    """All packs but one are after real meters."""
    assert [pack.name for pack in PACKS if pack.ours] == ["umbane"]


def test_packs_are_called_like_their_files() -> None:
    """The name in a pack is the one it is loaded by."""
    assert tuple(pack.name for pack in PACKS) == built_in_packs()


@pytest.mark.parametrize(("pack", "code"), EVERY_CODE)
@pytest.mark.parametrize("payer", [0, 3, 4])
def test_every_code_is_answered(pack: CodePack, code: ShortCode, payer: int) -> None:
    """Every code of every pack shows or does something on every kind of meter, new ones too."""
    response = type_keys(new_face(pack.name), meter_of(payer), code.keys)
    assert response.answer.words
    assert response.face.messages[0].main
    assert response.answer.lcd != "NO CODE"


def test_ours_has_everything() -> None:
    """Our own pack has a code for every reading and every deed."""
    assert {code.does for code in OURS.codes} == {*Item, *Deed}


@pytest.mark.parametrize(("typed", "keys"), [("#100#", "#100#"), ("100", "#100#"), ("#100", "#100#"), ("6", "#6#")])
def test_hashes_may_be_left_out(typed: str, keys: str) -> None:
    """A # before or behind a code is what starts or ends it: it is found without."""
    code = load_pack("conlog").find(typed)
    assert code is not None
    assert code.keys == keys


@pytest.mark.parametrize("typed", ["", "#", "##", "1000", "0100", "*100#", "1#00"])
def test_other_keys_are_no_code(typed: str) -> None:
    """Anything else is no code."""
    assert load_pack("conlog").find(typed) is None


def test_a_sound_file() -> None:
    """The text of a pack becomes a pack."""
    pack = parse_pack(SOUND.encode())
    assert (pack.codes, pack.ours) == ((ShortCode("1", Item.CREDIT, 1, ("s",)),), False)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """A pack can be any TOML file, named by its path."""
    file = tmp_path / "mine.toml"
    file.write_text(SOUND, encoding="utf-8")
    assert load_pack(file).make == "m"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('name = "n"\n', "", "pack.name"),
        ('name = "n"', "name = 5", "pack.name"),
        ('name = "n"', 'name = " "', "pack.name"),
        ('make = "m"', 'make = "\\u001b[2J"', "pack.make"),
        ('how = "h"', 'how = "h"\nours = 1', "ours"),
        ('id = "s"', "id = []", "source[0].id"),
        ('date = "d"', "", "source[0].date"),
        ("[[source]]", "[source]", "source"),
        ("[[code]]", "[code]", "code"),
        ('keys = "1"', 'keys = "a"', "code[0].keys"),
        ('keys = "1"', 'keys = "12345678901234567890"', "code[0].keys"),
        ('keys = "1"', 'keys = "１"', "code[0].keys"),
        ('keys = "1"', "keys = 1", "code[0].keys"),
        ('shows = "credit"', "", "code[0]"),
        ('shows = "credit"', 'shows = "credit"\ndoes = "silence the alarm"', "code[0]"),
        ('shows = "credit"', 'shows = "the future"', "code[0].shows"),
        ('shows = "credit"', 'does = "credit"', "code[0].does"),
        ('shows = "credit"', 'shows = "credit"\nnth = 0', "code[0].nth"),
        ('shows = "credit"', 'shows = "credit"\nnth = 6', "code[0].nth"),
        ('shows = "credit"', 'shows = "credit"\nnth = true', "code[0].nth"),
        ('from = ["s"]', 'from = "s"', "code[0].from"),
        ('from = ["s"]', "from = [1]", "code[0].from"),
        ('from = ["s"]', 'from = ["x"]', "code 1"),
        ('from = ["s"]', "", "code 1"),
        ('[[code]]\nkeys = "1"\nshows = "credit"\nfrom = ["s"]', "", "code"),
        ("[[code]]", '[[code]]\nkeys = "1"\nshows = "credit"\nfrom = ["s"]\n[[code]]', "code"),
        ('name = "n"', "name = ", "pack"),
    ],
)
def test_a_wrong_file(old: str, new: str, field: str) -> None:
    """Whatever is wrong in a file is refused with the path to it."""
    with pytest.raises(PackError, check=lambda error: error.field == field):
        parse_pack(SOUND.replace(old, new, 1).encode())


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x00", b"a = " + b"[" * 5000, b"#" * 70_000, b"[" * 3000, b""])
def test_hostile_bytes(data: bytes) -> None:
    """Bytes that are no text, no TOML, too deep or too many are refused, whatever they are."""
    with pytest.raises(PackError):
        parse_pack(data)


@pytest.mark.parametrize("name", ["nobody", "", ".", "/", "packs/../umbane", "a\0b", "x" * 5000])
def test_no_such_pack(name: str) -> None:
    """A name that is no pack and no file is refused, and the error lists those there are."""
    with pytest.raises(PackError, match="cashpower"):
        load_pack(name)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_any_value_for_any_field(value: Any) -> None:  # noqa: ANN401 - anything at all
    """No value of a field, however odd, gets past as anything but a pack or a PackError."""
    text = SOUND.replace('"credit"', repr(value)).replace('"n"', repr(value))
    with pytest.raises(PackError):
        parse_pack(text.encode(errors="replace"))


def test_silence() -> None:
    """The deed that silences the alarm is heard to be accepted."""
    assert type_keys(new_face(), meter_of(), "99").answer.beep is Beep.ACCEPTED
