"""Which security module a command works with: test keys in its own process, a file that names one, another process."""

import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from umbane.cli.module import place_from
from umbane.cli.modulefile import ModuleFile, module_file
from umbane.db.place import data_folder
from umbane.errors import InputError

if TYPE_CHECKING:
    from umbane.api.modules import Own
    from umbane.security import SecurityModule, Vault
    from umbane.security.process.remote import Place

__all__ = ["SEEN", "Choice", "open_chosen"]

SOFTWARE: Final = "software"
SEEN: Final = "--module-seen"
"""The option that names the file which remembers how far a module was."""


class Choice(NamedTuple):
    """What was chosen: a folder, a file that names a module, a socket, or tls://host:port with three files.

    Of a module in another process a file remembers how far it was.
    """

    text: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    seen: Path | None = None
    file: ModuleFile | None = None

    @classmethod
    def of(
        cls,
        text: str,
        certificate: Path | None = None,
        key: Path | None = None,
        authority: Path | None = None,
        seen: Path | None = None,
    ) -> Self:
        """What a command was told.

        Raises:
            InputError: a file is named that names no module.
        """
        return cls(text, certificate, key, authority, seen, module_file(text))

    @property
    def folder(self) -> Path | None:
        """With the journals of modules that this process opens itself; None if another process has the module."""
        if self.file:
            return self.file.folder
        path = Path(self.text)
        return None if self.text.startswith(("unix:", "tls://")) or path.is_socket() else path

    def own(self, vault: "Vault") -> "Own | None":
        """Modules that this process opens itself: those that a file names, or else some in memory with these keys."""
        from umbane.api.modules import Own
        from umbane.security import open_software_module

        if self.file:
            return Own(self.file.name, self.file.folder, self.file.open)
        if not self.folder:
            return None
        return Own(SOFTWARE, self.folder, partial(open_software_module, folder=self.folder, vault=vault))


@asynccontextmanager
async def open_chosen(choice: Choice, vault: "Vault") -> AsyncIterator[tuple["SecurityModule", int]]:
    """The module, and its place among those that share its folder; 0 if it is in another process.

    Raises:
        ModuleError: it can't be worked with.
    """
    from umbane.api.modules import open_own_module
    from umbane.security import OlderModuleError
    from umbane.security.process.remote import open_remote_module

    async with AsyncExitStack() as stack:
        if own := choice.own(vault):
            yield await stack.enter_async_context(open_own_module(own))
            return
        place = place_from(choice.text, choice.certificate, choice.key, choice.authority)
        seen = choice.seen or usual_memory(place)
        with for_memory(seen):
            module = await stack.enter_async_context(open_remote_module(place, seen=seen))
        try:
            yield module, 0
        except OlderModuleError as error:
            raise OlderModuleError(
                f"{error}. {seen} remembers it: if this is a new module, name another file"
            ) from error


def usual_memory(place: "Place") -> Path:
    """Where it is remembered how far a module was: beside the folder for data, a file for each place of a module."""
    folder = data_folder(os.environ, root=os.geteuid() == 0)
    at = str(place.socket.absolute() if place.socket else place)
    return folder.with_name(f"{folder.name}-seen") / re.sub(r"[^A-Za-z0-9.]+", "-", at).strip("-")


@contextmanager
def for_memory(seen: Path) -> Iterator[None]:
    """Make the folder of the file that remembers, and say by its option what is wrong with it.

    Raises:
        InputError: it can't be used.
    """
    try:
        seen.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(SEEN, f"{seen} can't be used ({error.strerror})", "name another file") from error
