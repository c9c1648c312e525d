"""The way out, for what others are told: over TLS, to hosts of the Internet by their names, never to anything of ours.

A name may lead anywhere, and elsewhere a moment later. So it is looked up each time, an address that isn't of the
Internet is passed over, and the call goes to the very address that was looked at; the certificate has to be the name's.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Self

import httpx

from umbane.errors import InputError

__all__ = ["Outside", "checked_url", "is_outside", "look_up"]

SECONDS: Final = 10
"""For all of a call: a listener who answers drop by drop keeps nobody waiting."""
LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME: Final = re.compile(rf"(?=.{{1,253}}$)({LABEL}\.)+(?=[a-z]){LABEL}")
"""A name of several labels, the last of which begins with a letter: no form of an address does (RFC 1123 2.1)."""
TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that stand for those of IPv4 (RFC 6052)."""

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]


def checked_url(url: str) -> httpx.URL:
    """The address of somebody who can be told something.

    Raises:
        InputError: nothing is told there.
    """
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        parts = httpx.URL()
    port = 443 if parts.port is None else parts.port
    name = parts.raw_host.decode("ascii", "replace")
    if not url.startswith("https://") or parts.userinfo or not NAME.fullmatch(name) or not 0 < port < 1 << 16:
        raise InputError("url", "nothing is told there", "give https://, the name of a host, and a path")
    return parts


async def look_up(name: str, port: int) -> list[str]:
    """The addresses that a name leads to now.

    Raises:
        OSError: nobody knows it.
    """
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_outside(address: str) -> bool:
    """Whether an address is of the Internet: not of this machine, of a house, or one that stands for another."""
    it = ipaddress.ip_address(address)
    if isinstance(it, ipaddress.IPv6Address) and (it.ipv4_mapped or it.sixtofour or it.teredo or it in TRANSLATED):
        return False
    return it.is_global and not it.is_multicast


class Outside:
    """The way out. Every call has a connection of its own, so that each looks at the certificate of its own name.

    Args:
        transport: another way, for tests.
        look_up: how a name's addresses are found.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None, look_up: LookUp = look_up) -> None:
        self.look_up = look_up
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.AsyncClient(transport=transport, trust_env=False, limits=limits, timeout=SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.http.aclose()

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Send something; the status that is answered. What else is answered isn't read, and leads nowhere.

        Raises:
            InputError: nothing is told there.
            OSError, httpx.HTTPError, TimeoutError: nobody is there, or it took too long.
        """
        parts = checked_url(url)
        async with asyncio.timeout(SECONDS):
            address = await self.address_of(parts)
            name = parts.raw_host.decode()
            headers = headers | {"Host": parts.netloc.decode()}
            there, named = parts.copy_with(host=address), {"sni_hostname": name}
            async with self.http.stream("POST", there, content=body, headers=headers, extensions=named) as answer:
                return answer.status_code

    async def address_of(self, parts: httpx.URL) -> str:
        """The first address of a name that is outside."""
        for address in await self.look_up(parts.raw_host.decode(), parts.port or 443):
            if is_outside(address):
                return address
        raise ConnectionError("the name leads to no address of the Internet")
