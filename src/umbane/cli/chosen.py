"""Which security module a command works with: test keys in its own process, a file that names one, another process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from umbane.cli.module import place_from
from umbane.cli.modulefile import ModuleFile, module_file

if TYPE_CHECKING:
    from umbane.api.modules import Own
    from umbane.security import SecurityModule, Vault

__all__ = ["Choice", "open_chosen"]

SOFTWARE = "software"


class Choice(NamedTuple):
    """What was chosen: a folder, a file that names a module, a socket, or tls://host:port with three files."""

    text: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    file: ModuleFile | None = None

    @classmethod
    def of(
        cls, text: str, certificate: Path | None = None, key: Path | None = None, authority: Path | None = None
    ) -> Self:
        """What a command was told.

        Raises:
            InputError: a file is named that names no module.
        """
        return cls(text, certificate, key, authority, module_file(text))

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
    from umbane.security.process.remote import open_remote_module

    async with AsyncExitStack() as stack:
        if own := choice.own(vault):
            yield await stack.enter_async_context(open_own_module(own))
        else:
            place = place_from(choice.text, choice.certificate, choice.key, choice.authority)
            yield await stack.enter_async_context(open_remote_module(place)), 0
