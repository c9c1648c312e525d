"""A server for the application: on loopback unless somebody says otherwise, or on a Unix socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

__all__ = ["Listening", "make_server", "serve"]

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


def make_server(app: Starlette, at: Listening) -> uvicorn.Server:
    """A server that isn't started yet."""
    config = uvicorn.Config(
        app,
        host=at.host,
        port=at.port,
        uds=str(at.socket) if at.socket else None,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    return uvicorn.Server(config)


async def serve(app: Starlette, at: Listening) -> None:
    """Serve until somebody sends SIGTERM or SIGINT; what is under way is finished first."""
    await make_server(app, at).serve()
