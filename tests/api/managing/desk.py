"""Somebody of the utility, who asks the API."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.api.counter import Counter

__all__ = ["Clerk"]


@dataclass
class Clerk:
    """Somebody who has signed in, and gives everything that is to be done a key of its own."""

    counter: Counter
    headers: dict[str, str]
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 - any JSON
        key: str | None = None,
        **more: Any,  # noqa: ANN401 - the client's own
    ) -> httpx.Response:
        """Ask for something under `/v1`."""
        headers = {**self.headers, "Idempotency-Key": key or f"k{next(self.numbers)}", **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        return await self.counter.http.request(method, f"/v1{path}", headers=headers, **more)

    async def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        """Read something that is there."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def do(self, path: str, body: Any, *, method: str = "POST", status: int = 201, key: str | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Do something; the answer's body."""
        answer = await self.ask(method, path, body, key)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, status: int, code: str, path: str, body: Any, *, method: str = "POST") -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Ask for something that is refused; the problem."""
        answer = await self.ask(method, path, body)
        problem: dict[str, Any] = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), answer.text
        return problem

    async def all_pages(self, path: str, limit: int = 1, **query: Any) -> list[Any]:  # noqa: ANN401 - any JSON
        """Everything that a list has, page by page."""
        found, cursor = [], ""
        while True:
            page = await self.get(path, limit=limit, cursor=cursor, **query)
            assert len(page["items"]) <= limit
            found += page["items"]
            if (cursor := page["next_cursor"]) is None:
                return found
