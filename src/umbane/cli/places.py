"""Folders below which commands keep what they make: the demonstration, and what is sold from files."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from umbane.cli.where import here
from umbane.db import Embedded, Place
from umbane.db.errors import SchemaError
from umbane.db.place import FOLDER, URL
from umbane.errors import InputError

__all__ = ["module_name", "of_another_age", "place_below", "usual_folder"]

OTHERS_ENTER: Final = 0o001
FOR_ROOT: Final = Path("/var/lib")
JOURNAL: Final = ".journal"


def usual_folder(name: str) -> Path:
    """Where something of this name is kept: below `out`; for the administrator where PostgreSQL's account can enter."""
    folder = Path("out").absolute() / name
    if os.name == "posix" and os.geteuid() == 0 and not all(is_open(it) for it in folder.parents if it.exists()):
        return FOR_ROOT / f"umbane-{name}"
    return folder


@contextmanager
def of_another_age(way_out: str) -> Iterator[None]:
    """What to do with a database of our own whose tables are another Umbane's: nothing in it is worth keeping.

    Raises:
        InputError: they are.
    """
    try:
        yield
    except SchemaError as error:
        raise InputError("--data", error.problem, way_out) from error


def is_open(folder: Path) -> bool:
    """Whether everybody may go through a folder."""
    return bool(folder.stat().st_mode & OTHERS_ENTER)


def place_below(folder: Path) -> Place:
    """The database that the environment names, or else one of its own below a folder."""
    return here() if os.environ.get(URL) or os.environ.get(FOLDER) else Embedded(folder / "database")


def module_name(folder: Path, prefix: str) -> str:
    """The name of the security module in a folder: the one that is there, or a new one that no other folder has.

    Raises:
        InputError: the folder can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(it.name.removesuffix(JOURNAL) for it in folder.glob(f"{prefix}-*{JOURNAL}"))
    except OSError as error:
        raise InputError("--data", f"{folder} can't be used: {error.strerror}", "name another folder") from error
    return there[0] if there else f"{prefix}-{secrets.token_hex(4)}"
