"""A server over a real connection, and what strangers send to it."""

import asyncio
import ssl
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.prism.test_desk import config, credit
from tests.security.prism.town import USER, Files, client_of, desk_in, new_message, served
from tests.security.process.certificates import certificates
from umbane.security import FrameError, UnreachableError
from umbane.security.prism.client import PrismClient
from umbane.security.prism.connection import Address, Link
from umbane.security.prism.errors import PrismSettingError
from umbane.security.prism.frames import LARGEST, Failure, Message, call_bytes, read_head
from umbane.security.prism.messages import METHODS
from umbane.security.prism.serving import Limits, PrismServer, serve_prism
from umbane.security.prism.tls import Identity, Trust, client_context, server_context
from umbane.security.prism.wire import Reader

SIZE = 4
"""Bytes before a message in its frame."""

QUICK = Limits(connections=3, frame_seconds=0.05, idle_seconds=0.3)


async def connected(files: Files, where: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection."""
    context = client_context(Trust(pinned=files.pinned))
    return await asyncio.open_unix_connection(where.path, ssl=context, server_hostname="127.0.0.1")


async def said_to(files: Files, where: Address, content: bytes) -> bytes:
    """What comes back for some bytes, until the server hangs up."""
    reader, writer = await connected(files, where)
    try:
        writer.write(content)
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


async def test_over_a_connection(tmp_path: Path, files: Files) -> None:
    """A client signs in and has tokens made, over TLS, one call after the other and several at one time."""
    async with served(files, tmp_path) as where, client_of(files, where) as client:
        assert await client.ping("hello") == "hello"
        messages = [new_message() for _ in range(8)]
        made = await asyncio.gather(*(client.issued("issueCreditToken", one, **credit()) for one in messages))
        assert len({one.tid for (one,) in made}) == 8
        assert await asyncio.gather(*(client.fetched(one) for one in messages)) == made
        assert await client.fetched(new_message()) is None
        (node,) = await client.nodes()
        assert (node.info["tokens"], node.alerts[0].eCode) == ("8", "ESts.VkExpired")


async def test_same_message_at_one_time(tmp_path: Path, files: Files) -> None:
    """A message that comes over two connections at one time is done once."""
    async with served(files, tmp_path) as where, client_of(files, where) as client:
        message = new_message()
        made = await asyncio.gather(*(client.issued("issueCreditToken", message, **credit()) for _ in range(5)))
        assert all(one == made[0] for one in made)
        assert (await client.nodes())[0].info["tokens"] == "1"


# ------------------------------------------------------------------------------------------------------- certificates


async def test_by_an_authority(tmp_path: Path, files: Files) -> None:
    """A module is known by a certificate that an authority vouches for, when its name fits."""
    async with served(files, tmp_path) as where:
        link = Link(where, Trust(authority=files.authority))
        for name, works in (("127.0.0.1", True), ("module.example", False)):
            client = PrismClient(link._replace(address=where._replace(host=name)), USER, 1)
            if works:
                assert await client.ping("x") == "x"
            else:
                with pytest.raises(UnreachableError):
                    await client.ping("x")
            await client.close()


@pytest.mark.parametrize("kind", ["another pin", "another authority"])
async def test_an_impostor(tmp_path: Path, files: Files, kind: str) -> None:
    """A server with another certificate hears nothing: no password, no meter."""
    other = Files(*certificates(tmp_path / "others"))
    trust = Trust(pinned=other.pinned) if kind == "another pin" else Trust(authority=other.authority)
    async with served(files, tmp_path / "module") as where:
        client = PrismClient(Link(where, trust), USER, 1)
        with pytest.raises(UnreachableError):
            await client.nodes()
        await client.close()


async def test_clients_with_certificates(tmp_path: Path, files: Files) -> None:
    """A server that wants certificates of its clients hears nobody without one, or with a stranger's."""
    other = Files(*certificates(tmp_path / "others"))
    context = server_context(files.identity, files.authority)
    async with desk_in(tmp_path / "module") as desk:
        with_socket = Address("127.0.0.1", path=files.socket(tmp_path))
        async with serve_prism(desk, context, with_socket) as where:
            for identity, works in ((files.identity, True), (None, False), (other.identity, False)):
                client = PrismClient(files.link(where)._replace(identity=identity), USER, 1)
                if works:
                    assert await client.ping("x") == "x"
                else:
                    with pytest.raises(UnreachableError):
                        await client.ping("x")
                await client.close()


@pytest.mark.parametrize(
    "trust",
    [Trust(), Trust(Path("a"), "0" * 64), Trust(pinned=""), Trust(pinned="0" * 63), Trust(pinned="G" * 64)],
)
def test_bad_trust(trust: Trust) -> None:
    """A client believes an authority or a fingerprint: never nobody, never everybody."""
    with pytest.raises(PrismSettingError):
        client_context(trust)


def test_bad_files(tmp_path: Path, files: Files) -> None:
    """Files that are no certificates, or aren't there, are named by what they were for."""
    (tmp_path / "x.pem").write_text("x")
    for path in (tmp_path / "x.pem", tmp_path / "nothing"):
        with pytest.raises(PrismSettingError, match="authority"):
            client_context(Trust(authority=path))
        with pytest.raises(PrismSettingError, match="certificate"):
            server_context(Identity(path, files.identity.key))
        with pytest.raises(PrismSettingError, match="clients"):
            server_context(files.identity, path)
        with pytest.raises(PrismSettingError, match="certificate"):
            client_context(Trust(pinned=files.pinned), Identity(files.identity.certificate, path))


def test_no_old_tls(files: Files) -> None:
    """TLS older than 1.2 isn't spoken."""
    assert server_context(files.identity).minimum_version is ssl.TLSVersion.TLSv1_2
    assert client_context(Trust(pinned=files.pinned)).minimum_version is ssl.TLSVersion.TLSv1_2


# -------------------------------------------------------------------------------------------------- what strangers send


def framed(message: bytes) -> bytes:
    """A message in its frame."""
    return struct.pack(">i", len(message)) + message


PING = call_bytes(METHODS["ping"], 1, {"sleepMs": 0, "echo": "hi"})
HUNG_UP_ON = {
    "nothing in a frame": framed(b""),
    "a frame without an end": b"\x7f\xff\xff\xff",
    "a frame of a negative size": b"\xff\xff\xff\xff" + bytes(100),
    "a frame larger than any": struct.pack(">i", LARGEST + 1) + bytes(100),
    "no message": framed(b"hello, this is no thrift"),
    "a message of another version": framed(b"\x80\2\0\1" + PING[8:]),
    "a reply": framed(PING[4:7] + b"\2" + PING[8:]),
    "a request for a page": b"GET / HTTP/1.1\r\n\r\n",
    "a name longer than all": framed(b"\x80\1\0\1\x7f\xff\xff\xffping"),
}


@pytest.mark.parametrize("name", HUNG_UP_ON)
async def test_hung_up_on(tmp_path: Path, files: Files, name: str) -> None:
    """Who doesn't speak the protocol is hung up on, without a word, and the next one is heard."""
    async with served(files, tmp_path) as where:
        assert await said_to(files, where, HUNG_UP_ON[name]) == b""
        async with client_of(files, where) as client:
            assert await client.ping("x") == "x"


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 20, len(PING) - 1])
async def test_a_slow_frame(tmp_path: Path, files: Files, cut: int) -> None:
    """Who begins a frame and doesn't end it is hung up on, after its time."""
    async with served(files, tmp_path, QUICK) as where:
        assert await said_to(files, where, PING[:cut]) == b""


async def test_idle(tmp_path: Path, files: Files) -> None:
    """Who says nothing is hung up on at last, and a client that comes back later is heard."""
    async with served(files, tmp_path, QUICK) as where:
        assert await said_to(files, where, b"") == b""
        async with client_of(files, where) as client:
            assert await client.ping("x") == "x"
            (reader, _), *_ = [one.streams for one in client.connections if one.streams]
            await reader.read()  # until the server hangs up
            assert await client.ping("y") == "y"


async def test_too_many(tmp_path: Path, files: Files) -> None:
    """Beyond so many connections, another one is closed at once; when one leaves, there is room again."""
    limits = Limits(connections=2)
    async with served(files, tmp_path, limits) as where:
        kept = [await connected(files, where) for _ in range(2)]
        for reader, writer in kept:
            writer.write(PING)
            assert await reader.readexactly(SIZE)
        assert await said_to(files, where, PING) == b""
        for reader, writer in kept:
            writer.write_eof() if writer.can_write_eof() else writer.close()
            await reader.read()
        reader, writer = await connected(files, where)
        writer.write(PING)
        assert await reader.readexactly(SIZE)
        writer.transport.abort()


async def test_closed_in_the_middle(tmp_path: Path, files: Files) -> None:
    """A server that is closed lets nobody wait."""
    async with served(files, tmp_path) as where:
        reader, writer = await connected(files, where)
        writer.write(call_bytes(METHODS["ping"], 1, {"sleepMs": 60_000, "echo": "hi"}))
        await writer.drain()
        writer.write(b"")
        await asyncio.sleep(0)
    assert await reader.read() == b""
    writer.transport.abort()


# -------------------------------------------------------------------------------------------------------------- fuzzed


@asynccontextmanager
async def answering(folder: Path, bugs: list[dict[str, Any]]) -> AsyncIterator[tuple[PrismServer, str]]:
    """A server without connections, and a session; what it can't answer because of a bug is written down."""
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    async with desk_in(folder) as desk:
        yield PrismServer(desk), desk.sessions.signed_in(USER.username, USER.password)


def calls(token: str) -> list[bytes]:
    """A call of each kind, as bytes of the message."""
    usual = {"messageId": "m1", "accessToken": token}
    rest: dict[str, dict[str, Any]] = {
        "ping": {"sleepMs": 0, "echo": "hi"},
        "getStatus": usual,
        "parseIdRecord": {**usual, "idRecord": "1" * 35},
        "issueCreditToken": {**usual, **credit()},
        "issueMseToken": {**usual, **credit(subclass=5, transferAmount=0.0)},
        "issueMeterTestToken": {**usual, "subclass": 0, "control": 1, "mfrcode": 0},
        "verifyToken": {**usual, "meterConfig": config(), "tokenDec": "0" * 20},
        "fetchTokenResult": {**usual, "reqMessageId": "m1"},
    }
    return [call_bytes(METHODS[name], 1, arguments)[SIZE:] for name, arguments in rest.items()]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "repeat", "enlarge"]),
        st.integers(0, 400),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
)


def spoilt(message: bytes, changes: list[tuple[str, int, bytes]]) -> bytes:
    """A message to which something was done."""
    for what, number, others in changes:
        place = number % (len(message) + 1)
        if what == "flip" and place < len(message):
            message = message[:place] + bytes([message[place] ^ others[0]]) + message[place + 1 :]
        elif what == "cut":
            message = message[:place]
        elif what == "insert":
            message = message[:place] + others + message[place:]
        elif what == "repeat":
            message = message[:place] + message[place:] * 2
        elif what == "enlarge":
            message = message[:place] + b"\x7f\xff\xff\xff" + message[place + 4 :]
    return message


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_spoilt_calls(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever is done to a call, the server answers it, refuses it by a reason, or hangs up: it never fails."""
    bugs: list[dict[str, Any]] = []
    async with answering(tmp_path_factory.mktemp("spoilt"), bugs) as (server, token):
        for message in calls(token):
            content = spoilt(message, data.draw(CHANGES))
            if content[4:12] == b"\0\0\0\4ping":
                continue  # its wait may have become a long one
            try:
                reply = await server.reply(content)
            except FrameError:
                continue
            head = read_head(Reader(reply[SIZE:]))
            assert head.kind in {Message.REPLY, Message.EXCEPTION}
            assert len(reply) <= LARGEST
    assert bugs == []


async def test_unknown_methods(tmp_path: Path) -> None:
    """A method that isn't there, and arguments that don't fit, are refused by their kind; so is a bug of ours."""
    bugs: list[dict[str, Any]] = []
    async with answering(tmp_path, bugs) as (server, token):
        unknown = await server.reply(calls(token)[1].replace(b"getStatus", b"getStatos"))
        lacking = await server.reply(PING[SIZE:-8] + b"\0")
        assert (unknown[-2], lacking[-2]) == (Failure.UNKNOWN_METHOD, Failure.PROTOCOL)
        server.desk.sessions = None  # type: ignore[assignment]  # what a bug would do
        broken = await server.reply(calls(token)[1])
        assert broken[-2] == Failure.INTERNAL
        assert b"NoneType" not in broken
    assert len(bugs) == 1


def test_over_tcp(tmp_path: Path) -> None:
    """Both ends speak over TCP with certificates on both sides, in a process that may reach the loopback."""
    program = "from tests.security.prism.overtcp import main; main()"
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("3 tokens\n", 0), done.stderr
