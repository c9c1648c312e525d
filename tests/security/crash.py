"""Kill -9 of a process that issues, again and again: `python -m tests.security.crash FOLDER ROUNDS SEED`.

In each round a process of its own opens the module and lets three callers ask for tokens, without end; every answer is
noted in a file before the next question. It is killed at a random moment. Then the journal is opened again and held
against the notes. Prints the seed and what was found, and stops at the first thing that doesn't fit.
"""

import asyncio
import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path
from random import Random
from uuid import UUID

from tests.security.support import KEYS, change, requests
from umbane.security import Issued, Realm, Refused, Vault, open_software_module
from umbane.security.software import SoftwareModule

LONGEST = 0.15
"""Seconds until a process is killed, at the most."""


def opened(folder: Path) -> SoftwareModule:
    """The module."""
    return SoftwareModule("tested", folder, Vault(Realm.TEST, KEYS.values()))


def new_id(chance: Random) -> UUID:
    """An id of its own."""
    return UUID(int=chance.getrandbits(128))


async def trade(module: SoftwareModule, notes: int, chance: Random) -> None:
    """Ask for tokens and key changes, and note every answer."""
    while True:
        asked = [one._replace(id=new_id(chance)) for one in requests(chance.randint(1, 60))]
        answers = await module.issue(asked)
        os.write(notes, noted([one.id for one in asked], answers))
        changed = change(id_=new_id(chance))
        os.write(notes, noted([changed.id], await module.change_keys([changed])))


def noted(ids: list[UUID], answers: list[Issued | Refused]) -> bytes:
    """Answers on lines: id, number and digits."""
    issued = [answer for answer in answers if isinstance(answer, Issued)]
    return b"".join(
        f"{id_} {answer.first} {' '.join(token.digits for token in answer.tokens)}\n".encode()
        for id_, answer in zip(ids, issued, strict=True)
    )


async def three_callers(folder: Path, notes: int, chance: Random) -> None:
    """Three callers at one time."""
    module = opened(folder)
    await asyncio.gather(*(trade(module, notes, chance) for _ in range(3)))


def killed(folder: Path, notes: Path, chance: Random) -> None:
    """A process that is killed while it issues."""
    childs = Random(chance.getrandbits(64))  # noqa: S311 - it decides what is asked
    process = os.fork()
    if not process:
        try:
            file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            asyncio.run(three_callers(folder, file, childs))
        finally:
            os._exit(1)  # whatever it was, it ended by itself
    time.sleep(chance.uniform(0, LONGEST))
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), "the process ended by itself"
    assert os.WTERMSIG(status) == signal.SIGKILL


def lines_of(notes: Path) -> list[list[str]]:
    """What was noted; a line that the kill broke off is removed."""
    whole, _, _ = notes.read_text().rpartition("\n") if notes.exists() else ("", "", "")
    notes.write_text(f"{whole}\n" if whole else "")
    return [line.split() for line in whole.splitlines()]


async def compared(folder: Path, lines: list[list[str]]) -> int:
    """Hold the journal against the notes; how many tokens it has."""
    async with open_software_module("tested", folder, Vault(Realm.TEST, KEYS.values())) as module:
        found = await module.fetch([UUID(id_) for id_, *_ in lines])
        for id_, number, *digits in lines:
            answer = found[UUID(id_)]
            assert isinstance(answer, Issued)
            assert (answer.first, [token.digits for token in answer.tokens]) == (int(number), digits)
        records = [record async for record in module.since(0)]
        count = (await module.status()).count
        assert all(one.first + one.made == other.first for one, other in pairwise(records))
        assert count == sum(record.made for record in records)
        assert len({record.request.id for record in records}) == len(records)
    return count


def main(folder: Path, rounds: int, seed: int) -> None:
    """All rounds, in one journal."""
    chance, notes = Random(seed), folder / "notes"  # noqa: S311 - it decides when to kill
    say(f"seed {seed}")
    for number in range(rounds):
        killed(folder, notes, chance)
        lines = lines_of(notes)
        count = asyncio.run(compared(folder, lines))
        say(f"round {number}: {count} tokens in the journal, {sum(len(line) - 2 for line in lines)} of them told")


def say(words: str) -> None:
    """Print at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
