"""The file of a module's keys: any byte that is another is found, and nothing of it is shown."""

import copy
import pickle
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.process.support import PEOPLE, founded, loaded, unsealed
from tests.security.support import KEYS
from umbane.errors import UmbaneError
from umbane.security import DocumentError
from umbane.security.errors import AlteredError
from umbane.security.process.host import Host
from umbane.security.process.keystore import Contents, KeyStore, replace_file, write_file


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a module with keys."""
    return (loaded(tmp_path_factory.mktemp("module")) / "module.keys").read_bytes()


def opened(text: bytes) -> Contents:
    """What two custodians find in a file."""
    store = KeyStore.read(text)
    return store.contents(
        store.custody.master({name: store.custody.key(name, PEOPLE[name]) for name in ("ada", "ben")})
    )


def test_read(file: bytes) -> None:
    """What was kept is read as it was."""
    assert {grant.held for grant in opened(file).grants} == set(KEYS.values())
    assert KeyStore.read(file).text() == file


def test_any_byte(file: bytes) -> None:
    """A bit that is another, in whichever byte of the file, is found before any key comes out of it."""
    for place in range(len(file)):
        altered = bytearray(file)
        altered[place] ^= 1 << place % 8
        with pytest.raises(UmbaneError):
            opened(bytes(altered))


@settings(max_examples=30)
@given(data=st.data())
def test_any_length(file: bytes, data: st.DataObject) -> None:
    """A file that was cut off, wherever, or that something was added to, is no such file."""
    size = data.draw(st.integers(0, len(file) - 1))
    for text in (file[:size], file + file[:size] + b"\n", file[size:]):
        if text != file:
            with pytest.raises(DocumentError):
                KeyStore.read(text)


def test_of_another_module(tmp_path: Path) -> None:
    """The keys of one module don't open with the custodians of another, though they are the same people."""
    one, other = (KeyStore.read((loaded(tmp_path / name) / "module.keys").read_bytes()) for name in "ab")
    master = other.custody.master({name: other.custody.key(name, PEOPLE[name]) for name in ("ada", "ben")})
    with pytest.raises(AlteredError):
        one.contents(master)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b'{"seed": "00", "keys": [{"secret": "ff"}]}', b'{"seed": 5, "keys": []}']
)
def test_no_keys(tmp_path: Path, text: bytes) -> None:
    """Sealed content that is no keys is refused without a word of what it is."""
    card = KeyStore.read((founded(tmp_path / "m") / "module.keys").read_bytes()).card
    with pytest.raises(AlteredError, match=r"^the keys of the module can't be read$"):
        Contents.read(text, card)


def test_never_shown(tmp_path: Path) -> None:
    """What holds keys shows how many, and is neither copied nor pickled."""
    host = unsealed(loaded(tmp_path / "m"))
    opened_ = host.require_opened()
    assert repr(opened_.contents) == f"Contents({len(KEYS)} keys)"
    for part in (opened_, opened_.contents, opened_.identity, opened_.core, host):
        assert not any(held.key.secret.hex() in repr(part) for held in KEYS.values())
        for way in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError):
                way(part)
    host.close()


def test_never_shown_half_way(tmp_path: Path) -> None:
    """Nor is a module copied or pickled in which one of its custodians has been, and nobody sees that one's key."""
    with closing(Host(founded(tmp_path / "m"))) as host:
        host.give("ada", PEOPLE["ada"])
        for way in (pickle.dumps, copy.deepcopy, copy.copy):
            with pytest.raises(TypeError):
                way(host)


def test_other_fields(file: bytes) -> None:
    """A file with other fields than it should have is refused."""
    text = file.replace(b'"witness": null', b'"witnesses": null')
    with pytest.raises(AlteredError):
        KeyStore.read(text)


def test_private(tmp_path: Path) -> None:
    """The file is its owner's alone, and never written through a link."""
    write_file(tmp_path / "new", b"x")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    replace_file(tmp_path / "new", tmp_path / "old")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    with pytest.raises(OSError, match="symbolic"):
        write_file(tmp_path / "link", b"y")
    assert (tmp_path / "old").read_bytes() == b"x"
