"""Asking a log over HTTP: its head, its proofs, its entries."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import httpx

from umbane.errors import InputError, shown

__all__ = ["LogOverHttp"]

PAGE: Final = 1000
PATIENCE: Final = 30.0


class LogOverHttp:
    """A log that somebody else runs.

    Args:
        url: of the API in front of it.
        socket: a Unix socket instead of the network, if that is where it is.
        token: of an auditor's session, for entries.
    """

    def __init__(self, url: str, socket: str | None = None, token: str | None = None) -> None:
        if socket and not Path(socket).is_socket():
            raise InputError("--socket", f"there is no socket at {socket}", "name the one at which umbane serve is")
        if not url.startswith(("http://", "https://")):
            raise InputError("URL", f"{shown(url)} is none", "give one like https://prepaid.example")
        transport = httpx.HTTPTransport(uds=socket) if socket else None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self.http = httpx.Client(
                base_url=url, transport=transport, headers=headers, timeout=PATIENCE, trust_env=False
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise InputError("URL", f"that is none ({error})", "give one like https://prepaid.example") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, path: str, **query: int) -> dict[str, Any]:
        """What the log answers.

        Raises:
            InputError: it doesn't, or it refuses.
        """
        try:
            answer = self.http.get(f"/v1/audit/{path}", params=query)
            said = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            problem = f"the log doesn't answer ({type(error).__name__})"
            raise InputError("URL", problem, "try again, and find out why") from error
        if answer.status_code != HTTPStatus.OK or not isinstance(said, dict):
            detail = said.get("detail") if isinstance(said, dict) else None
            problem = f"it answers {answer.status_code}" + (f": {detail}" if detail else "")
            raise InputError("URL", problem, "look at the address and the token")
        return said

    def head(self) -> str:
        """Its last head, as a line."""
        return str(self.ask("head").get("line"))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """What proves that one size is the beginning of another; what is no proof is none."""
        proof = self.ask("consistency", old=old, new=new).get("proof")
        try:
            return [bytes.fromhex(it) for it in proof or ()]
        except (TypeError, ValueError):
            return []

    def heads(self) -> Iterator[str]:
        """All its heads, as lines."""
        after = 0
        while items := self.ask("heads", after=after, limit=PAGE)["items"]:
            yield from (it["line"] for it in items)
            after = items[-1]["size"]

    def entries(self, count: int) -> Iterator[bytes]:
        """So many entries from the first on; those of others as the hash of their leaf."""
        start = 0
        while start < count and (items := self.ask("entries", start=start, limit=min(PAGE, count - start))["items"]):
            yield from ((it["entry"] or f"={it['leaf']}").encode("ascii") for it in items)
            start += len(items)
