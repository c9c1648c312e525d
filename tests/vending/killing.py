"""Kill -9 of a server and all its helpers."""

from contextlib import suppress

import psutil

__all__ = ["kill"]


def kill(pid: int | None) -> None:
    """Kill a server with all its helpers."""
    assert pid
    main = psutil.Process(pid)
    for process in [main, *main.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    main.wait()
