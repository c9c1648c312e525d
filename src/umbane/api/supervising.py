"""Several processes that serve at one address: started together, replaced when they die, and ended together."""

import asyncio
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

__all__ = ["GONE", "Supervisor", "watch_parent"]

REFUSED: Final = 2
"""The exit code of a process that can't serve at all, and has said why."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds before a process that died is replaced; twice as long each time it dies at once."""
STEADY: Final = 60.0
"""Seconds after which one that dies didn't die at once."""
PATIENCE: Final = 30.0
"""Seconds that the processes are given to end; a request under way has less."""
GONE: Final = "UMBANE_SUPERVISED"
"""Set for processes that end when their standard input does: then who started them is gone."""


class Supervisor:
    """Keeps processes running.

    Args:
        command: of each of them.
        made: the socket that they inherit.
        number: how many.
    """

    def __init__(self, command: Sequence[str], made: socket.socket, number: int) -> None:
        self.command, self.made, self.number = command, made, number
        self.running: set[asyncio.subprocess.Process] = set()
        self.stop = asyncio.Event()
        self.code = 0

    async def run(self) -> int:
        """Keep them running until somebody sends SIGTERM or SIGINT; answer the exit code of all of it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        keepers = [asyncio.create_task(self.keep()) for _ in range(self.number)]
        await self.stop.wait()
        self.made.close()  # whoever calls now shall know it at once
        for process in self.running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=PATIENCE)
        for process in self.running if late else ():
            with suppress(ProcessLookupError):
                process.kill()
        await asyncio.gather(*keepers)
        return self.code

    async def keep(self) -> None:
        """Keep one process running. If the first that is started here can't serve, nothing is served at all."""
        pause, is_first, clock = FIRST_PAUSE, True, asyncio.get_running_loop().time
        while not self.stop.is_set():
            begun = clock()
            code = await self.once()
            if code == REFUSED and is_first:
                self.code = code
                self.stop.set()
            is_first = False
            pause = FIRST_PAUSE if clock() - begun > STEADY else min(2 * pause, LONGEST_PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), pause)

    async def once(self) -> int:
        """Start a process, and wait for its end; answer its exit code."""
        process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=[self.made.fileno()],
            env=os.environ | {GONE: "1"},
            start_new_session=True,  # Ctrl+C at the terminal is for us alone: we tell them
        )
        self.running.add(process)
        if self.stop.is_set():
            process.send_signal(signal.SIGTERM)
        try:
            return await process.wait()
        finally:
            self.running.discard(process)


def watch_parent() -> None:
    """End as if told to when standard input ends, if a supervisor started this process: nobody else would end it."""
    if GONE in os.environ:
        asyncio.get_running_loop().add_reader(0, _gone)


def _gone() -> None:
    asyncio.get_running_loop().remove_reader(0)
    signal.raise_signal(signal.SIGTERM)
