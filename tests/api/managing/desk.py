"""Somebody of the utility, who asks the API."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.api.counter import Counter
from tests.api.staff import Person, fresh_code

__all__ = ["Clerk"]


@dataclass
class Clerk:
    """Somebody who has signed in, and gives everything that is to be done a key of its own."""

    counter: Counter
    headers: dict[str, str]
    colleague: Person | None = None
    me: Person | None = None
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def friend(self) -> Person:
        """The colleague."""
        assert self.colleague
        return self.colleague

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

    async def refused_key(self, key: str, status: int, code: str, path: str, body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Put something again under a key of before, and be refused; the problem."""
        answer = await self.ask("PUT", path, body, key)
        problem: dict[str, Any] = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), answer.text
        return problem

    async def agree(self, approval: str, by: Person | None = None) -> httpx.Response:
        """Let the colleague, or somebody else, agree to something."""
        who = by or self.friend
        body = {"decision": "agree", "code": await fresh_code(self.counter, who.operator)}
        return await self.counter.http.post(f"/v1/approvals/{approval}/decision", json=body, headers=who.headers)

    async def together(self, path: str, body: Any, *, method: str = "POST", key: str | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Do something that takes two: ask, let the colleague agree, and send the same again; the answer's body."""
        key = key or f"k{next(self.numbers)}"
        asked = await self.ask(method, path, body, key)
        assert (asked.status_code, asked.json()["code"]) == (403, "approval_needed"), asked.text
        agreed = await self.agree(asked.json()["approval_id"])
        assert agreed.json()["status"] == "agreed", agreed.text
        return await self.do(path, body, method=method, key=key)

    async def all_pages(self, path: str, limit: int = 1, **query: Any) -> list[Any]:  # noqa: ANN401 - any JSON
        """Everything that a list has, page by page."""
        found, cursor = [], ""
        while True:
            page = await self.get(path, limit=limit, cursor=cursor, **query)
            assert len(page["items"]) <= limit
            found += page["items"]
            if (cursor := page["next_cursor"]) is None:
                return found
