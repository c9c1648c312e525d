"""Many tills at once: what they ask for in the same moment goes to the engine as one batch.

A transaction costs the same for one sale as for a hundred, nearly. So where many sell, the first request waits a moment
for others; who sells alone waits for nobody. While batches are under way the next one fills by itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from itertools import chain
from typing import Final
from uuid import UUID

from umbane.api.problems import ApiError
from umbane.vending import Answer, SaleRequest

__all__ = ["AT_ONCE", "Batcher"]

MOST: Final = 100
"""Sales in a batch: with more of them the last one waits longer than all gain."""
AT_ONCE: Final = 2
"""Batches under way: while one waits for the disk, the other is priced. Of several processes that serve, each has one:
then the batches are larger."""
PAUSE: Final = 0.001
"""Seconds that the first of a batch waits for others, if the batch before it wasn't of one alone."""
MOST_WAITING: Final = 5_000
"""Requests that wait; whoever comes later is told at once that it is too much."""

Sell = Callable[[Sequence[SaleRequest]], Awaitable[list[Answer]]]
Waiting = tuple[SaleRequest, "asyncio.Future[Answer]"]


class Batcher:
    """Takes requests one by one, and gives them to the engine in batches.

    Attributes:
        waiting: what isn't given to the engine yet.
        serving: the batches that it has.
        crowded: whether the last batch was of more than one.
        observe: is told the size of each batch.
    """

    def __init__(
        self,
        sell: Sell,
        *,
        most: int = MOST,
        at_once: int = AT_ONCE,
        pause: float = PAUSE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.sell = sell
        self.most, self.at_once, self.pause, self.most_waiting = most, at_once, pause, most_waiting
        self.waiting: deque[Waiting] = deque()
        self.serving: list[Sequence[Waiting]] = []
        self.flushes: set[asyncio.Task[None]] = set()
        self.crowded = False
        self.observe: Callable[[int], object] = bool

    async def ask(self, request: SaleRequest) -> Answer:
        """The engine's answer to a request.

        Raises:
            ApiError: so many wait that this one had better come again.
        """
        if len(self.waiting) >= self.most_waiting:
            detail = "too many sales wait at this moment, and this one was not begun"
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail, "send the same again", retry_after=1)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((request, future))
        if len(self.flushes) < self.at_once:
            flush = asyncio.create_task(self._flush())
            self.flushes.add(flush)
            flush.add_done_callback(self.flushes.discard)
        return await future

    def has(self, terminal_id: UUID, message_id: str | None = None) -> bool:
        """Whether a message of a till, or any of its messages, has no answer yet."""
        for request, _ in chain(self.waiting, *self.serving):
            if request.terminal_id == terminal_id and message_id in {None, request.message_id}:
                return True
        return False

    async def drain(self) -> None:
        """Wait until everything that was begun is answered."""
        while self.flushes:
            await asyncio.wait(self.flushes)

    async def _flush(self) -> None:
        """Give the engine batch after batch while anybody waits."""
        while self.waiting:
            if len(self.waiting) < self.most:
                await asyncio.sleep(self.pause if self.crowded else 0)
            batch = [self.waiting.popleft() for _ in range(min(self.most, len(self.waiting)))]
            if batch:
                self.crowded = len(batch) > 1
                await self._serve(batch)

    async def _serve(self, batch: Sequence[Waiting]) -> None:
        """Answer each of a batch; who went away meanwhile finds the answer under the message id."""
        self.observe(len(batch))
        self.serving.append(batch)
        try:
            answers = await self.sell([request for request, _ in batch])
        except Exception as error:  # noqa: BLE001 - each of them is told
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        finally:
            self.serving = [it for it in self.serving if it is not batch]
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
