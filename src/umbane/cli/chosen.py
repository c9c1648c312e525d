"""Which security module a command sells with: one in its own process, for test keys, or one in another process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from umbane.cli.module import place_from
from umbane.errors import InputError

if TYPE_CHECKING:
    from umbane.security import SecurityModule, Vault

__all__ = ["Choice", "open_chosen"]


class Choice(NamedTuple):
    """What was chosen: a folder, the socket of a module, or tls://host:port; and the three files of TLS."""

    text: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of modules in this process's own; None if the module is in another one.

        Raises:
            InputError: it is a file.
        """
        path = Path(self.text)
        if path.is_file():
            raise InputError("--module", f"{path} is a file", "name a folder, unix:PATH or tls://HOST:PORT")
        return None if self.text.startswith(("unix:", "tls://")) or path.is_socket() else path

    def place(self) -> Any:  # noqa: ANN401 - a Place, loaded late
        """Where the module in another process is."""
        return place_from(self.text, self.certificate, self.key, self.authority)


@asynccontextmanager
async def open_chosen(choice: Choice, vault: "Vault") -> AsyncIterator[tuple["SecurityModule", int]]:
    """The module, and its place among those of one folder; 0 if it is in another process.

    Raises:
        ModuleError: it can't be worked with.
    """
    from umbane.api.modules import open_own_module
    from umbane.security.process.remote import open_remote_module

    async with AsyncExitStack() as stack:
        if choice.folder:
            yield await stack.enter_async_context(open_own_module(choice.folder, vault))
        else:
            yield await stack.enter_async_context(open_remote_module(choice.place())), 0
