"""A server for the application: on loopback unless somebody says otherwise, or on a Unix socket."""

import errno
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from umbane.api.connections import Connection
from umbane.errors import InputError

__all__ = ["Listening", "listening", "make_server", "serve"]

BACKLOG: Final = 1024
KEEP_ALIVE: Final = 30
GRACE: Final = 20
"""Seconds that requests under way are given when the server stops."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens.

    Attributes:
        host, port: of TCP.
        socket: of a Unix socket, instead of both.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    socket: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix:{self.socket}" if self.socket else f"http://{host}:{self.port}"


@contextmanager
def listening(at: Listening) -> Iterator[socket.socket]:
    """Listen there: whoever calls from now on waits until a server answers. Processes may share the socket.

    Raises:
        InputError: somebody else listens there already, or nobody can.
    """
    if at.socket:
        clear(at.socket)
    family, address = family_of(at)
    with socket.socket(family, socket.SOCK_STREAM) as made:
        try:
            if family != socket.AF_UNIX:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port is free as soon as nobody listens
            made.bind(address)
            made.listen(BACKLOG)
        except OSError as error:
            raise nobody_can(at, error) from error
        yield made
    if at.socket:
        at.socket.unlink(missing_ok=True)


def family_of(at: Listening) -> tuple[socket.AddressFamily, str | tuple[str, int]]:
    """The kind of a socket and its address."""
    if at.socket:
        return socket.AF_UNIX, str(at.socket)
    try:
        family, _, _, _, address = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise nobody_can(at, error) from error
    return family, (str(address[0]), int(address[1]))


def clear(path: Path) -> None:
    """Remove a socket that a server which was killed left behind; another's stays, and so does any other file."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise InputError("--socket", f"{path} is a file", "name another place")
        with socket.socket(socket.AF_UNIX) as probe, suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise InputError("--socket", f"another program listens at {path}", "stop it, or name another place")
        path.unlink()


def nobody_can(at: Listening, error: OSError) -> InputError:
    """Why nobody can listen there."""
    if error.errno == errno.EADDRINUSE:
        return InputError("--port", f"another program listens at {at}", "stop it, or give another --port")
    return InputError("--socket" if at.socket else "--host", f"can't listen at {at}: {error.strerror}", "name another")


def make_server(app: Starlette, at: Listening, connection: type[Connection] = Connection) -> uvicorn.Server:
    """A server that isn't started yet."""
    config = uvicorn.Config(
        app,
        host=at.host,
        port=at.port,
        uds=str(at.socket) if at.socket else None,
        http=connection,
        access_log=False,
        log_config=None,
        log_level="error",  # what strangers send askew is no line of ours
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    return uvicorn.Server(config)


async def serve(app: Starlette, at: Listening, made: socket.socket, ready: Callable[[], object] = bool) -> None:
    """Serve until somebody sends SIGTERM or SIGINT; what is under way is finished first.

    Args:
        app: that answers.
        at: where, for the record.
        made: the socket of that place, as `listening` gives it.
        ready: is called when whoever calls is answered, and whoever asks for the end is heard.
    """
    server = make_server(app, at)
    with calmly(lambda: setattr(server, "should_exit", True)):
        ready()
        await server.serve([made])


@contextmanager
def calmly(end: Callable[[], object]) -> Iterator[None]:
    """Let the end that somebody asks for be an ordinary one; the server hands the signal on when it has finished."""
    kept = {it: signal.signal(it, lambda *_: end()) for it in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
