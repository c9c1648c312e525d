"""The way out leads to the Internet, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.outside import ADDRESS, somewhere
from umbane.api.outside import Outside, checked_url, is_outside
from umbane.errors import InputError

URL = "https://till.example.org:8443/sales?of=7"
INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 - refused
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:93.184.215.14", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:5db8:d70e::1",
]  # fmt: skip


class Wire(httpx.AsyncBaseTransport):
    """Answers every request, and keeps what was asked."""

    def __init__(self, body: AsyncIterator[bytes] | None = None) -> None:
        self.heard: list[httpx.Request] = []
        self.body = body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hear it."""
        self.heard.append(request)
        return httpx.Response(302, headers={"Location": "https://10.0.0.1/"}, content=self.body or b"")


@pytest.mark.parametrize(
    "url",
    [
        "http://till.example.org/", "HTTPS://till.example.org/", "https://localhost/x", "https://localhost./x",
        "https://127.0.0.1/x", "https://127.1/xx", "https://0x7f.1/x", "https://0177.0.0.1/", "https://2130706433/",
        "https://127。0。0.1/", "https://①②⑦.0.0.1/", "https://[::1]/xxxx", "https://[::ffff:10.0.0.1]/",
        "https://[x.example/", "https://a@b.example/", "https://:pw@b.example/", "https://b.example:0/",
        "https://b.example:99999/", "https://b.example:x/", "https://a..b/xxxx", "https://-a.example/",
        "https://a_b.example/", f"https://{'a' * 64}.example/", f"https://{'a.' * 130}example/",
        "https://b.example/\r\nX: y", "https:///xxxxxxx", "https://b.example\\@10.0.0.1/",
    ],
)  # fmt: skip
def test_no_place(url: str) -> None:
    """Nothing is told without TLS, to an address in any writing, to this machine, or to what is no address at all."""
    with pytest.raises(InputError):
        checked_url(url)


@pytest.mark.parametrize("url", [URL, "https://a.example", "https://xn--bcher-kva.example/", "https://bücher.example/"])
def test_a_place(url: str) -> None:
    """A host of the Internet is named by letters of any script, and may have a port and a path."""
    assert checked_url(url).scheme == "https"


@given(st.ip_addresses())
def test_no_address_is_a_name(address: object) -> None:
    """No address is taken for a name."""
    for url in (f"https://{address}/xx", f"https://[{address}]/xx"):
        with pytest.raises(InputError):
            checked_url(url)


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    """No address of a machine, a house or a cloud's own services is outside, nor one that stands for another."""
    assert not is_outside(address)


async def test_a_name_that_leads_inside() -> None:
    """A name that leads to addresses of our own is told nothing, whatever it led to when it was written down."""

    async def inside(_name: str, _port: int) -> list[str]:
        return INSIDE

    wire = Wire()
    async with Outside(wire, inside) as outside:
        with pytest.raises(ConnectionError, match="no address"):
            await outside.post(URL, b"{}", {})
    assert not wire.heard


async def test_the_address_that_was_looked_at() -> None:
    """The call goes to the first address outside, under the name that the certificate must have; redirects don't."""

    async def both(_name: str, _port: int) -> list[str]:
        return [*INSIDE, ADDRESS, "93.184.215.15"]

    wire = Wire()
    async with Outside(wire, both) as outside:
        assert await outside.post(URL, b"{}", {}) == 302
    (request,) = wire.heard
    assert (request.url.host, request.url.port, request.url.raw_path) == (ADDRESS, 8443, b"/sales?of=7")
    assert (request.headers["host"], request.extensions["sni_hostname"]) == (
        "till.example.org:8443",
        "till.example.org",
    )


async def test_an_endless_answer() -> None:
    """What is answered isn't read: a listener can't fill our memory."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 65_536

    async with Outside(Wire(endless()), somewhere) as outside:
        assert await asyncio.wait_for(outside.post(URL, b"{}", {}), 5) == 302
    assert read == 0
