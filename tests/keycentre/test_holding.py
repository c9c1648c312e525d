"""Ceremonies in a folder, and backups: put back, put elsewhere, cut, and swapped."""

import fcntl
import os
from base64 import b64encode
from pathlib import Path

import pytest

from tests.keycentre.support import (
    BASE,
    CUSTODIANS,
    DAY,
    GENERATE,
    KEY,
    NEXT,
    NOW,
    PEOPLE,
    Room,
    at_base,
    base,
    custody_of,
    found,
    go_on,
    opened,
    plan,
    state,
    stream,
)  # fmt: skip
from umbane.keycentre import (
    AbandonedError,
    CeremonyFileError,
    CheckError,
    CustodyError,
    Entropy,
    HeadError,
    Held,
    Share,
    ShareError,
    StoreError,
    centre_in,
    hold,
    load_centre,
    prove_backup,
    restore,
)
from umbane.keycentre.holding import keep, require_written
from umbane.keycentre.store import CENTRE_FILE

HELD, SHARES = base()
NEWER = go_on(state("suspended"))


def held_in(tmp_path: Path, text: bytes, room: Room) -> Held:
    """Hold a ceremony in a folder."""
    folder, out = tmp_path / "centre", tmp_path / "out"
    folder.mkdir(exist_ok=True)
    out.mkdir(exist_ok=True)
    return hold(text, folder, out, desk=room, entropy=Entropy(stream("held")), clock=lambda: NOW)


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_held(tmp_path: Path) -> None:
    """A ceremony leaves the centre's file in its folder and its outputs in the other, and says the new head."""
    room = Room()
    held = held_in(tmp_path, plan(*BASE), room)
    assert load_centre(tmp_path / "centre") == held.centre
    assert files(tmp_path / "out") == held.outputs
    assert f"The centre stands at {held.centre.head}." in room.all_heard
    again = held_in(tmp_path, plan(state("suspended"), head=held.centre.head), room)
    assert len(load_centre(tmp_path / "centre").entries) == len(again.centre.entries) == 8


def test_abandoned(tmp_path: Path) -> None:
    """A ceremony that somebody ends leaves every byte as it was, and no output."""
    held = held_in(tmp_path, plan(*BASE), Room())
    before = files(tmp_path / "centre"), files(tmp_path / "out")
    room = at_base(says_no=f"{PEOPLE[1]}: Do step 9?")
    room.shares.update(found_shares(held))
    with pytest.raises(AbandonedError):
        held_in(tmp_path, plan(GENERATE | {"key": NEXT}, state("suspended"), head=held.centre.head), room)
    assert (files(tmp_path / "centre"), files(tmp_path / "out")) == before


def found_shares(held: Held) -> dict[str, Share]:
    """The shares of a centre founded in a folder: the same chance gives the same ones."""
    again, room = found(*BASE[:-1], seed="held")
    assert again.centre.card == held.centre.card
    return dict(room.shares)


def test_no_room_for_the_outputs(tmp_path: Path) -> None:
    """When a file for others can't be written, the centre is as it was and nothing is left beside."""
    folder, out = tmp_path / "centre", tmp_path / "out"
    folder.mkdir()
    (out / ".transcript-0007.json.new").mkdir(parents=True)
    with pytest.raises(StoreError, match="nothing was changed"):
        keep(HELD, folder, out)
    assert files(folder) == {}
    assert [path.name for path in out.iterdir()] == [".transcript-0007.json.new"]


def test_no_room_for_the_centre(tmp_path: Path) -> None:
    """When the centre's own file can't be put in its place, no file for others is left."""
    folder, out = tmp_path / "centre", tmp_path / "out"
    (folder / CENTRE_FILE / "x").mkdir(parents=True)
    out.mkdir()
    with pytest.raises(StoreError, match="can't be put in the place"):
        keep(HELD, folder, out)
    assert files(out) == {}


def test_a_place_that_is_taken(tmp_path: Path) -> None:
    """When only a file for others can't be put in its place, it is said that the centre went on, and where that is."""
    folder, out = tmp_path / "centre", tmp_path / "out"
    folder.mkdir()
    (out / "shop-0001.load" / "x").mkdir(parents=True)
    with pytest.raises(StoreError, match=f"stands at {HELD.centre.head}, but .*shop-0001.load.new.*by hand"):
        keep(HELD, folder, out)
    assert load_centre(folder) == HELD.centre
    assert (out / ".shop-0001.load.new").read_bytes() == HELD.outputs["shop-0001.load"]


def test_a_disk_that_lies(tmp_path: Path) -> None:
    """When the disk has something else than was written, it is found before the head is read aloud."""
    (tmp_path / CENTRE_FILE).write_bytes(HELD.text)
    for name, text in HELD.outputs.items():
        (tmp_path / name).write_bytes(text)
    require_written(HELD, tmp_path, tmp_path)
    (tmp_path / "shop-0001.load").write_bytes(b"")
    with pytest.raises(CheckError, match="this disk can't be trusted"):
        require_written(HELD, tmp_path, tmp_path)


def test_no_key_in_any_file(tmp_path: Path) -> None:
    """After a founding and a ceremony no file that was left anywhere holds a key, a share or a seed in any writing."""
    held = held_in(tmp_path, plan(*BASE), room := Room())
    held_in(tmp_path, plan(state("suspended"), head=held.centre.head), room)
    master, secrets = opened(held.centre, room.shares)
    shares = [share.value for share in room.shares.values()]
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) > 5
    for bits in (master, secrets.seed, *secrets.keys.values(), *shares):
        for shape in (bits, bits.hex().encode(), b64encode(bits)[:-4], bits[::-1]):
            assert not [text for text in left if shape in text]


def test_no_file(tmp_path: Path) -> None:
    """A ceremony file that isn't one is refused before anything is looked at."""
    with pytest.raises(CeremonyFileError):
        held_in(tmp_path, b"no", Room())


@pytest.mark.parametrize("missing", ["centre", "out"])
def test_no_folders(tmp_path: Path, missing: str) -> None:
    """A folder that isn't there is told by its name before anybody is asked anything."""
    for name in {"centre", "out"} - {missing}:
        (tmp_path / name).mkdir()
    room = Room()
    with pytest.raises(StoreError, match=missing):
        hold(plan(*BASE), tmp_path / "centre", tmp_path / "out", desk=room, entropy=Entropy(), clock=lambda: NOW)
    assert not room.heard


def test_two_at_once(tmp_path: Path) -> None:
    """While one ceremony is held in a folder, no other one is."""
    folder = tmp_path / "centre"
    folder.mkdir()
    file = os.open(folder / "centre.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match="another ceremony is being held"):
        held_in(tmp_path, plan(*BASE), Room())
    os.close(file)
    held_in(tmp_path, plan(*BASE), Room())


def test_an_altered_folder(tmp_path: Path) -> None:
    """A centre's file with a byte altered is refused before anybody gives a share."""
    held = held_in(tmp_path, plan(*BASE), Room())
    path = tmp_path / "centre" / CENTRE_FILE
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)
    room = at_base()
    with pytest.raises(StoreError):
        held_in(tmp_path, plan(state("suspended"), head=held.centre.head), room)
    assert not room.heard


def test_a_folder_put_back(tmp_path: Path) -> None:
    """A folder that was put back as it was last week is refused: the ceremony file has the head of today."""
    (tmp_path / "centre").mkdir()
    (tmp_path / "centre" / CENTRE_FILE).write_bytes(HELD.text)
    room = at_base()
    with pytest.raises(HeadError, match="an older copy was put in its place"):
        held_in(tmp_path, plan(state("active"), head=NEWER.centre.head), room)
    assert not room.heard


def test_no_centre_yet(tmp_path: Path) -> None:
    """A folder without a centre has none."""
    assert centre_in(tmp_path) is None


# --------------------------------------------------------------------------------------------------------------- backup


def test_drill_and_restore(tmp_path: Path) -> None:
    """The newest backup opens with the custodians' shares, and becomes the centre again in an empty folder."""
    room = at_base()
    prove_backup(NEWER.text, NEWER.centre.head, room)
    assert "All 2 key(s) in it have the check values" in room.all_heard
    restore(NEWER.text, NEWER.centre.head, tmp_path, at_base())
    assert load_centre(tmp_path) == NEWER.centre


def test_an_older_backup(tmp_path: Path) -> None:
    """A backup that isn't the newest one is refused, and nothing is restored."""
    with pytest.raises(HeadError, match="an older copy"):
        restore(HELD.text, NEWER.centre.head, tmp_path, at_base())
    with pytest.raises(HeadError, match="an older copy"):
        prove_backup(HELD.text, NEWER.centre.head, at_base())
    with pytest.raises(HeadError, match="1 more step"):
        prove_backup(NEWER.text, HELD.centre.head, at_base())
    assert centre_in(tmp_path) is None


def test_another_centres_backup() -> None:
    """The backup of another centre is refused by its head."""
    other, _ = found(*BASE, seed="other")
    with pytest.raises(HeadError, match="or it is another centre"):
        prove_backup(other.text, NEWER.centre.head, at_base())


def test_wrong_shares_for_a_backup(tmp_path: Path) -> None:
    """Without the right shares a backup stays shut, and nothing is restored."""
    _, others = custody_of(seed="elsewhere")
    strangers = Room(dict(zip(CUSTODIANS, others, strict=True)))
    with pytest.raises(CustodyError):
        restore(NEWER.text, NEWER.centre.head, tmp_path, strangers)
    with pytest.raises(ShareError):
        restore(NEWER.text, NEWER.centre.head, tmp_path, at_base(typed={"Custodian 1 of 2": ["x"] * 3}))
    assert centre_in(tmp_path) is None


def test_cut_backups(tmp_path: Path) -> None:
    """A backup that is cut short or altered anywhere isn't restored."""
    for place in range(0, len(NEWER.text), 97):
        altered = NEWER.text[:place] + bytes([NEWER.text[place] ^ 1]) + NEWER.text[place + 1 :]
        for text in (NEWER.text[:place], altered):
            with pytest.raises(StoreError):
                restore(text, NEWER.centre.head, tmp_path, at_base())
    assert centre_in(tmp_path) is None


def test_a_transcript_is_no_backup(tmp_path: Path) -> None:
    """A transcript isn't taken for a backup."""
    with pytest.raises(StoreError, match="this is the umbane transcript"):
        restore(NEWER.outputs["transcript-0008.json"], NEWER.centre.head, tmp_path, at_base())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A backup isn't put over a centre that is there."""
    (tmp_path / CENTRE_FILE).write_bytes(NEWER.text)
    with pytest.raises(StoreError, match="an empty folder"):
        restore(NEWER.text, NEWER.centre.head, tmp_path, at_base())


def test_times() -> None:
    """The newer centre is a day older than the first, and has the same keys."""
    assert NEWER.centre.entries[-1].at == NOW + DAY
    assert KEY in NEWER.centre.register().keys
