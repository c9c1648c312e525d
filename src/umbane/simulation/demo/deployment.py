"""The folder of a demonstration: database, security module, the files of its town, and how far it is."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from umbane.db.embedded import EmbeddedServer
from umbane.simulation.errors import DemoError

__all__ = ["Deployment", "Diary"]

FORMAT: Final = "umbane-demo-1"
TOWN_FILES: Final = ("*.yaml", "*.csv")


@dataclass(slots=True)
class Diary:
    """How far a demonstration is.

    Attributes:
        day: the last one that was begun; 0 before the first.
        ended: whether it was replayed to its end.
        keys: the API key of each till. They are good for this demonstration only.
        format: of this file.
    """

    day: int = 0
    ended: bool = True
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    format: str = FORMAT

    def next_day(self) -> int:
        """The day to replay: the one that was broken off, or a new one."""
        return self.day + 1 if self.ended else self.day


class Deployment:
    """A folder with everything of one demonstration.

    Args:
        folder: made if it isn't there.

    Raises:
        DemoError: it holds other things, or can't be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.database = self.folder / "database"
        self.module = self.folder / "module"
        self.town = self.folder / "town"
        self.log = self.folder / "api.log"
        self._diary = self.folder / "diary.json"

    @property
    def exists(self) -> bool:
        """Whether a demonstration was begun here."""
        return self._diary.exists()

    def prepare(self, files: Path, *, fresh: bool = False) -> Diary:
        """Make the folder, or go on with what is in it.

        Args:
            files: the folder of the town's files.
            fresh: whether to forget what is in it.
        """
        with self._in_words():
            if fresh or not self.exists:
                if not (files / "utility.yaml").exists():
                    raise DemoError(f"{files} holds no utility.yaml; name a folder made like examples/utility")
                self.forget()
                self._begin()
            return self.read()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Say in words what the operating system refuses."""
        try:
            yield
        except OSError as error:
            problem = f"{error.filename or self.folder} can't be used: {error.strerror}"
            raise DemoError(f"{problem}; name another folder with --data") from error

    def _begin(self) -> None:
        """Make the folder."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise DemoError(f"{self.folder} holds other things; name a folder that is empty or not there yet")
        self.folder.mkdir(parents=True, exist_ok=True)  # an account of its own may run PostgreSQL below it
        for made in (self.module, self.town):
            made.mkdir(mode=0o700)
        self.write(Diary())

    def copy(self, files: Path) -> None:
        """Copy the files of a town that is about to be founded, so that it stays what it is."""
        with self._in_words():
            for path in (path for pattern in TOWN_FILES for path in files.glob(pattern)):
                shutil.copy(path, self.town)

    def read(self) -> Diary:
        """How far it is."""
        try:
            found = Diary(**json.loads(self._diary.read_text(encoding="utf-8")))
            if found.format == FORMAT:
                return found
        except (ValueError, TypeError):
            pass
        raise DemoError(f"{self._diary} can't be read; start again with --fresh, or name another folder with --data")

    def write(self, diary: Diary) -> None:
        """Note how far it is; its owner alone may read that."""
        new = self._diary.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(diary), file, indent=1)
        new.replace(self._diary)

    def forget(self) -> None:
        """Remove what a demonstration left here, and nothing else.

        Raises:
            ServerInUseError: it runs.
        """
        if not self.exists:
            return
        if self.database.exists():
            EmbeddedServer(self.database).stop()
        for folder in (self.database, self.module, self.town):
            shutil.rmtree(folder, ignore_errors=True)
        for path in (self.log, self._diary):
            path.unlink(missing_ok=True)
