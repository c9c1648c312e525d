"""A security module in this process, whatever vault its keys are in.

It counts every token it ever made in a journal of its own, and answers only what the journal already holds. The journal
holds no key and no digits, but what was asked, from which the same digits come again.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar
from uuid import UUID

from umbane.errors import shown
from umbane.security.core import ModuleCore
from umbane.security.errors import ModuleNameError, UnsupportedError
from umbane.security.keyvault import KeyVault
from umbane.security.models import (
    Alert,
    Attestation,
    Issued,
    KeyChangeRequest,
    KeyCount,
    ModuleStatus,
    Quota,
    Record,
    Refused,
    TokenRequest,
    VendingKeyName,
    VerifyRequest,
)
from umbane.sts import SAMPLE_TABLES, StaTables, Token

__all__ = ["LocalModule"]

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

Answer = TypeVar("Answer")


class LocalModule:
    """A module in this process. It works on one call after the other, mostly in a thread of its own.

    Another thread waits for the disk: of several callers at one time, all that have their tokens by then with one wait.
    A caller who is cancelled leaves no work half done: what was begun is finished and written down.

    Args:
        name: what the module is called; lower-case letters, digits and hyphens.
        folder: where its journal lies; one process at a time has it.
        vault: its vending keys.
        tables: the EA07 tables.

    Raises:
        ModuleNameError: it can't be called that.
        RealmError: the journal is of another realm than the vault.
        ModuleBusyError: another process has its journal open.
        JournalError: the journal was altered, is another module's, or can't be read or written.
        KeyClashError: a key of the vault, or the EA07 tables, aren't those that the journal's tokens were made with.
    """

    external: bool = False
    core_kind: type[ModuleCore] = ModuleCore
    """What it does with keys and journal."""
    at_once: int = 0
    """Up to so many requests are worked on without waking a thread; none where a device is asked."""

    def __init__(self, name: str, folder: Path, vault: KeyVault, *, tables: StaTables = SAMPLE_TABLES) -> None:
        if not NAME.fullmatch(name):
            remedy = "give up to 40 lower-case letters, digits and hyphens"
            raise ModuleNameError("module name", f"{shown(name)} is not the name of a file", remedy)
        self.name, self.vault = name, vault
        self.core = self.core_kind(name, folder, vault, tables)
        self.worker = ThreadPoolExecutor(1, f"module-{name}")
        self.working = Lock()
        self.keeper = ThreadPoolExecutor(1, f"module-{name}-disk")

    def close(self) -> None:
        """Finish what was begun, and let another process have the journal."""
        self.worker.shutdown()
        self.keeper.shutdown()
        self.core.close()

    async def run(self, work: Callable[[], Answer], requests: int | None = None) -> Answer:
        """Do it, and answer when all that the module knows by then is on the disk.

        Args:
            work: what to do: in the module's thread, or here if it is short and the thread does nothing.
            requests: how many, where that says how long it takes.
        """
        self.core.journal.require_open()
        if requests is not None and requests <= self.at_once and self.working.acquire(blocking=False):
            try:
                answer, kept = self.done(work)
            finally:
                self.working.release()
        else:
            answer, kept = await asyncio.get_running_loop().run_in_executor(self.worker, self.alone, work)
        await asyncio.wrap_future(kept)
        return answer

    def alone(self, work: Callable[[], Answer]) -> tuple[Answer, "Future[None]"]:
        """Do it when nobody else does anything."""
        with self.working:
            return self.done(work)

    def done(self, work: Callable[[], Answer]) -> tuple[Answer, "Future[None]"]:
        """Do it, and begin to wait for the disk: meanwhile this thread makes the next tokens."""
        answer = work()
        return answer, self.keeper.submit(self.core.journal.keep, self.core.journal.end)

    async def issue(self, requests: Sequence[TokenRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.issue``."""
        return await self.run(lambda: self.core.issue(requests), len(requests))

    async def change_keys(self, requests: Sequence[KeyChangeRequest]) -> list[Issued | Refused]:
        """As ``SecurityModule.change_keys``."""
        return await self.run(lambda: self.core.change_keys(requests), len(requests))

    async def verify(self, requests: Sequence[VerifyRequest]) -> list[Token | Refused]:
        """As ``SecurityModule.verify``."""
        return await asyncio.to_thread(lambda: [self.core.maker.read(request) for request in requests])

    async def fetch(self, ids: Sequence[UUID]) -> dict[UUID, Issued | Refused]:
        """As ``SecurityModule.fetch``."""
        return await self.run(lambda: self.core.fetch(ids))

    async def since(self, count: int) -> AsyncIterator[Record]:
        """As ``SecurityModule.since``."""
        while records := await self.run(lambda: self.core.records(count)):  # noqa: B023 - it is done before the next
            for record in records:
                yield record
            count = records[-1].first + records[-1].made

    async def status(self) -> ModuleStatus:
        """As ``SecurityModule.status``."""
        return await self.run(self.core.status)

    async def alerts(self) -> list[Alert]:
        """As ``SecurityModule.alerts``: a module in this process has nothing that runs out."""
        return []

    async def counters(self) -> dict[VendingKeyName, KeyCount]:
        """As ``SecurityModule.counters``."""
        return await self.run(self.core.counters.all)

    async def quotas(self) -> dict[VendingKeyName, Quota]:
        """As ``SecurityModule.quotas``: a module in this process lets all keys go as far as they like."""
        return {}

    async def top_up(self, order: bytes) -> None:  # noqa: ARG002 - nobody may order anything
        """As ``SecurityModule.top_up``."""
        raise UnsupportedError("a module in this process knows no centre that could order anything")

    async def attest(self, challenge: bytes) -> Attestation:  # noqa: ARG002 - nothing is signed
        """As ``SecurityModule.attest``."""
        raise UnsupportedError("a module in this process has no identity to sign with")
