"""Data packs of short codes: the one module of this room that reads files.

A pack is TOML: ``name``, ``make``, ``models``, ``how``, ``ours``, a ``[[source]]`` for each page or manual and a
``[[code]]`` for each code, which either ``shows`` a reading (``nth``: of which of the last tokens) or ``does``
something. Those that come with the package lie in ``packs/``.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from umbane.errors import shown
from umbane.meter.face.errors import PackError
from umbane.meter.face.items import Item
from umbane.meter.face.keypad import SIGNS, TOKEN_DIGITS
from umbane.meter.face.memory import REMEMBERED
from umbane.meter.face.packs import CodePack, Deed, ShortCode, Source

__all__ = ["built_in_packs", "load_pack", "parse_pack"]

FOLDER: Final = Path(__file__).parent / "packs"
LARGEST_FILE: Final = 65_536
MOST_CODES: Final = 500


def built_in_packs() -> tuple[str, ...]:
    """The names of the packs that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_pack(name: str | Path) -> CodePack:
    """Read a pack that comes with the package, by its name, or any other by the path of its file.

    Raises:
        PackError: there is no such file, it can't be read, or it isn't a pack.
    """
    path = FOLDER / f"{name}.toml" if str(name) in built_in_packs() else Path(name)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        known = ", ".join(built_in_packs())
        raise PackError("pack", f"{shown(str(name))} can't be read", f"name a TOML file or one of {known}") from error
    return parse_pack(data)


def parse_pack(data: bytes) -> CodePack:
    """Read the bytes of a pack's file.

    Raises:
        PackError: they are not a pack; the error names the field.
    """
    if len(data) > LARGEST_FILE:
        raise PackError("pack", "the file is too large", f"give at most {LARGEST_FILE} bytes")
    try:
        document = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PackError("pack", f"it is not TOML ({str(error)[:80]})", "compare it with one of packs/") from error
    sources = tuple(read_source(entry, at) for at, entry in enumerate(entries(document, "source")))
    codes = tuple(read_code(entry, at) for at, entry in enumerate(entries(document, "code")))
    name, make, models, how = (text(document, "pack", field) for field in ("name", "make", "models", "how"))
    return checked(CodePack(name, make, models, how, flag(document, "ours"), sources, codes))


def checked(pack: CodePack) -> CodePack:
    """The pack, if every code stands in it once and is confirmed by a source of it."""
    keys = [code.keys for code in pack.codes]
    if not 1 <= len(keys) <= MOST_CODES or len(set(keys)) != len(keys):
        raise PackError("code", "there is none, or one stands there twice", f"give 1 to {MOST_CODES} different codes")
    known = {source.id for source in pack.sources}
    for code in pack.codes:
        if not (set(code.sources) <= known and (code.sources or pack.ours)):
            raise PackError(f"code {code.keys}", "no source of this pack confirms it", "name one in 'from'")
    return pack


def entries(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The tables of a list of tables; none if there is no such list."""
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise PackError(name, f"{shown(found)} is not a list of tables", f"write [[{name}]] before each")
    return found


def text(table: Mapping[str, Any], path: str, name: str) -> str:
    """A text that isn't empty."""
    found = table.get(name)
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        raise PackError(f"{path}.{name}", f"{shown(found)} is not a line of text", "give a text in quotes")
    return found


def flag(table: Mapping[str, Any], name: str) -> bool:
    """True or false; false if it isn't there."""
    found = table.get(name, False)
    if not isinstance(found, bool):
        raise PackError(name, f"{shown(found)} is neither true nor false", "give true or false")
    return found


def read_source(entry: Mapping[str, Any], at: int) -> Source:
    """One source."""
    return Source(*(text(entry, f"source[{at}]", name) for name in ("id", "title", "address", "date")))


def read_code(entry: Mapping[str, Any], at: int) -> ShortCode:
    """One code."""
    path = f"code[{at}]"
    keys = text(entry, path, "keys")
    if not set(keys) <= set(SIGNS) or len(keys) >= TOKEN_DIGITS:
        raise PackError(f"{path}.keys", f"{shown(keys)} can't be typed", "give fewer than 20 of 0-9, * and #")
    sources, nth = entry.get("from", []), entry.get("nth", 1)
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise PackError(f"{path}.from", f"{shown(sources)} is not a list of texts", "give the ids of sources")
    if isinstance(nth, bool) or not isinstance(nth, int) or not 1 <= nth <= REMEMBERED:
        raise PackError(f"{path}.nth", f"{shown(nth)} is out of range", f"give 1 to {REMEMBERED}")
    return ShortCode(keys, read_purpose(entry, path), nth, tuple(sources))


def read_purpose(entry: Mapping[str, Any], path: str) -> Item | Deed:
    """What a code shows or does."""
    if ("shows" in entry) == ("does" in entry):
        raise PackError(path, "it has neither 'shows' nor 'does', or both", "give one of them")
    name, kind = ("shows", Item) if "shows" in entry else ("does", Deed)
    found = text(entry, path, name)
    if found not in list(kind):
        raise PackError(f"{path}.{name}", f"{shown(found)} is unknown", f"give one of: {', '.join(kind)}")
    return kind(found)
