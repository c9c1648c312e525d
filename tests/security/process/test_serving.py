"""The socket of a module: whoever calls, whatever they send, and whenever the line breaks."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.db.program import begin, finish
from tests.security.process.certificates import certificates
from tests.security.process.support import PEOPLE, founded, loaded, place_of, served, unsealed
from tests.security.support import GROUP, KEYS, METERS, change, credit, expected, reasons, request, requests, tokens_of
from umbane.security import (
    CustodianError,
    FrameError,
    Issued,
    JournalError,
    ModuleBusyError,
    ModuleError,
    ModuleNameError,
    OlderModuleError,
    Quota,
    Realm,
    SealedError,
    UnknownKeyError,
    UnreachableError,
    Vault,
    VendingKeyName,
    VerifyRequest,
)
from umbane.security.attesting import read_attestation
from umbane.security.chain import Entry, Position
from umbane.security.errors import AlteredError, UnsupportedError
from umbane.security.mark import Mark
from umbane.security.orders import change_orders, token_orders
from umbane.security.process.host import Host
from umbane.security.process.keystore import KeyStore
from umbane.security.process.remote import Connection, Place, RemoteModule, client_tls, lines, open_remote_module
from umbane.security.process.serving import MOST_CALLS, MOST_CLIENTS, Server, listening, server_tls
from umbane.security.process.wire import LARGEST, VERSION, Frames, error_of, to_bytes
from umbane.sts import KRN, KT, CrcError, TokenFormatError

NAME = VendingKeyName(GROUP, KRN(1), KT.DUTK)
HELLO = [1, "hello", [VERSION, None]]


def framed(said: object) -> bytes:
    """A frame."""
    content = said if isinstance(said, bytes) else to_bytes(said)
    return len(content).to_bytes(4) + content


async def exchanged(place: Place, *frames: bytes, most: int) -> list[Any]:
    """What a module answers to some bytes until it hangs up, or that many answers at the most."""
    reader, writer = await asyncio.open_unix_connection(place.socket)
    writer.write(b"".join(frames))
    answers: list[Any] = []
    while len(answers) < most and (frame := await frame_of(reader)):
        answers.append(msgspec.msgpack.decode(frame[4:]))
    await left(writer)
    return answers


async def left(writer: asyncio.StreamWriter) -> None:
    """Hang up."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def frame_of(reader: asyncio.StreamReader) -> bytes | None:
    """A whole frame, or None when there are no more."""
    try:
        size = await reader.readexactly(4)
        return size + await reader.readexactly(int.from_bytes(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


@pytest.fixture
async def module(tmp_path: Path) -> AsyncIterator[RemoteModule]:
    """A module that is served, unsealed and loaded."""
    async with served(unsealed(loaded(tmp_path))) as module:
        yield module


# --------------------------------------------------------------------------------------------------- what isn't a call


@pytest.mark.parametrize(
    "said",
    [
        [1, "issue", b""],
        [1, "unseal", ["ada", PEOPLE["ada"]]],
        [1, "hello", [VERSION + 1, None]],
        [1, "hello", None],
        [1, "hello"],
        ["1", "hello", [VERSION, None]],
        {},
        5,
        b"\xc1",
        b"",
    ],
)
async def test_no_greeting(module: RemoteModule, said: object) -> None:
    """Who doesn't greet as it is done, in this version, gets nothing else, whatever they ask afterwards."""
    answers = await exchanged(module.place, framed(said), framed([2, "status", None]), most=9)
    assert all(is_error for _, is_error, *_ in answers)
    assert len(answers) <= 1


@pytest.mark.parametrize(
    ("verb", "argument"),
    [
        ("", None),
        ("close", None),
        ("__init__", None),
        ("issue", None),
        ("issue", "text"),
        ("issue", b"\xff"),
        ("issue", b"0\n"),
        ("change_keys", b"x"),
        ("verify", [[1, 2, 3, 4]]),
        ("verify", [["123", 7, "123456 1 2 01", b"x"]]),
        ("verify", [[METERS[0].digits, 7, "nonsense", bytes(9)]]),
        ("verify", [[METERS[0].digits, 7, "123456 1 2 01", b"\xff" * 20]]),
        ("since", "0"),
        ("publish", [[[1000000, 1, 2]], None, None]),
        ("publish", [[[123456, 1, 9]], None, None]),
        ("raise_quota", [[1, 1, 1], 1, 1]),
        ("unseal", ["ada"]),
        ("status", 1),
    ],
)
async def test_nonsense(module: RemoteModule, verb: str, argument: object) -> None:
    """A verb that there isn't, and an argument that doesn't belong to one, are refused by name; others are served."""
    before = await module.status()
    answers = await exchanged(
        module.place, framed(HELLO), framed([2, verb, argument]), framed([3, "status", None]), most=3
    )
    found = {number: rest for number, *rest in answers}
    assert found[2][0] == 1
    assert found[2][1][0] == "FrameError"
    assert found[3][0] == 0
    assert await module.status() == before


ASKED = requests(3)
VERIFIED = VerifyRequest(ASKED[0].pan, ASKED[0].ea, ASKED[0].key, expected(ASKED[0])[0])
LINES = lines(order.text for order in token_orders(ASKED))
CHANGE_LINES = lines(order.text for order in change_orders([change(), change(with_sgc=True)]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_altered_requests(module: RemoteModule, data: st.DataObject) -> None:
    """A request of which a byte is another is refused, or is a request of its own that the standard knows."""
    text = data.draw(st.sampled_from([LINES, CHANGE_LINES]))
    altered = bytearray(text)
    altered[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    verb = "issue" if text is LINES else "change_keys"
    try:
        answers: list[object] = await module.ask(verb, bytes(altered))
    except FrameError:
        return
    assert len(answers) == text.count(b"\n")


@pytest.mark.parametrize("words", ["07 123456 0 2 01", "99 123456 1 2 01", "07 123456 1 2 1", "07 12345 1 2 01"])
async def test_no_such_key_or_algorithm(module: RemoteModule, words: str) -> None:
    """Algorithms and keys that there can't be are no request."""
    with pytest.raises(FrameError):
        await module.ask("issue", LINES.replace(b"07 123456 1 2 01", words.encode()))


async def test_wrong_check_bits(module: RemoteModule) -> None:
    """A token whose check bits are wrong is no token: the journal never holds one."""
    line = LINES.splitlines(keepends=True)[0]
    wrong = line[:-2] + (b"0" if line[-2:-1] != b"0" else b"1") + b"\n"
    for altered in (wrong, line.replace(line[75:77], b"09")):
        with pytest.raises(FrameError):
            await module.ask("issue", altered)
    assert (await module.status()).count == 0


async def test_too_long(module: RemoteModule) -> None:
    """A frame that is longer than any call is not waited for, nor sent."""
    assert len(await exchanged(module.place, framed(HELLO), (LARGEST + 1).to_bytes(4), most=9)) <= 1
    with pytest.raises(FrameError, match="too many for one call"):
        await module.ask("issue", bytes(LARGEST))
    assert (await module.status()).count == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=400), greeting=st.booleans(), cut=st.integers(0, 60))
async def test_noise(module: RemoteModule, noise: bytes, greeting: bool, cut: int) -> None:  # noqa: FBT001 - drawn
    """Whatever bytes come, and wherever they end, the module goes on for everybody else, and made nothing."""
    first = framed(HELLO) if greeting else b""
    for content in (noise, framed(noise), framed([2, "issue", LINES])[:cut], framed([2, noise.hex(), noise])):
        await exchanged(module.place, first + content, most=0)
    assert (await module.status()).count == 0


async def test_crowd(module: RemoteModule) -> None:
    """There are only so many clients at a time; when one leaves, another may come."""
    others = [await asyncio.open_unix_connection(module.place.socket) for _ in range(MOST_CLIENTS)]
    with pytest.raises(UnreachableError):
        await module.status()
    for _, writer in others:
        writer.close()
        await writer.wait_closed()
    assert (await module.status()).count == 0


async def test_nested(module: RemoteModule) -> None:
    """A call of lists in lists without end is no call, and no error of the program's own."""
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    nested = b"\x93\x02\xa5issue" + b"\x91" * 100_000 + b"\xc0"
    assert len(await exchanged(module.place, framed(HELLO), framed(nested), most=9)) <= 1
    assert told == []


async def test_silent_crowd(tmp_path: Path) -> None:
    """Who calls and says nothing, or half of a greeting, is hung up on after a while: others find a place."""
    halves = b"", (100).to_bytes(4), framed(HELLO)[:-1]
    with closing(Host(founded(tmp_path))) as host:
        async with listening(Server(host, patience=1), tmp_path / "s"):
            callers = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(MOST_CLIENTS)]
            for (_, writer), said in zip(callers, cycle(halves), strict=False):
                writer.write(said)
            assert {await frame_of(reader) for reader, _ in callers} == {None}
            for _, writer in callers:
                await left(writer)
            async with open_remote_module(Place(tmp_path / "s")) as client:
                assert (await client.standing()).is_sealed


async def test_long_greeting(module: RemoteModule) -> None:
    """Who hasn't greeted is not given room for a long frame."""
    reader, writer = await asyncio.open_unix_connection(module.place.socket)
    writer.write((LARGEST // 2).to_bytes(4))
    assert await reader.read() == b""
    await left(writer)


# ------------------------------------------------------------------------------------------------------- many at a time


class Counting(Server):
    """A server that counts the calls that it has under way."""

    under_way = most = 0

    async def answer(self, verb: str, argument: bytes) -> tuple[object, list[object] | None]:
        """As any other, but later."""
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return await super().answer(verb, argument)


async def test_no_more_at_a_time(tmp_path: Path) -> None:
    """However many calls come at once, only so many of a client are under way; the others wait, and are answered."""
    with closing(Host(founded(tmp_path))) as host:
        server = Counting(host)
        async with listening(server, tmp_path / "s"):
            calls = [framed([number, "standing", None]) for number in range(2, 1000)]
            assert len(await exchanged(Place(tmp_path / "s"), framed(HELLO), *calls, most=999)) == 999
        assert 1 < server.most <= MOST_CALLS


async def test_pipelined(module: RemoteModule) -> None:
    """Far more calls than a client may have open at a time are all answered, each with its own tokens."""
    asked = requests(5 * MOST_CALLS)
    answers = await asyncio.gather(*(module.issue([one]) for one in asked))
    assert tokens_of([answer for (answer,) in answers]) == [expected(one) for one in asked]


async def test_asks_and_does_not_listen(module: RemoteModule) -> None:
    """Who asks far more than they listen to is waited for, and has every answer when they listen."""
    reader, writer = await asyncio.open_unix_connection(module.place.socket)
    writer.write(framed(HELLO) + b"".join(framed([number, "status", None]) for number in range(2, 3000)))
    for _ in range(50):
        await module.status()
    answers = [await frame_of(reader) for _ in range(1, 3000)]
    assert {msgspec.msgpack.decode(it[4:])[0] for it in answers if it} == set(range(1, 3000))
    writer.close()
    await writer.wait_closed()


async def test_held() -> None:
    """What comes while nobody listens is heard afterwards, and nothing of who is gone."""
    heard: list[bytes] = []
    frames = Frames(heard.append, lambda: None)
    frames.hold()
    frames.data_received(framed(b"one") + framed(b"two")[:4])
    assert heard == []
    frames.go_on()
    assert heard == [b"one"]
    frames.hold()
    frames.data_received(b"two")
    frames.connection_lost(None)
    frames.go_on()
    assert heard == [b"one"]


async def test_own_error(tmp_path: Path) -> None:
    """An error of the program's own ends that connection and is told to whoever runs it; nobody waits for ever."""

    class Broken(Server):
        async def answer(self, verb: str, argument: bytes) -> tuple[object, list[object] | None]:
            raise ZeroDivisionError(verb, argument)

    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    with closing(Host(founded(tmp_path))) as host:
        async with listening(Broken(host), tmp_path / "s"), open_remote_module(Place(tmp_path / "s")) as client:
            with pytest.raises(UnreachableError, match="hung up"):
                await client.standing()
    assert [type(error) for error in told] == [ZeroDivisionError]


async def test_nobody_waits() -> None:
    """An answer for somebody who is gone, and the end of a connection after that, are no error."""
    connection, gone = Connection(), asyncio.get_running_loop().create_future()
    gone.cancel()
    connection.waiting = {1: gone, 2: gone}
    connection.heard(to_bytes([1, 0, None]))
    connection.heard(to_bytes([7, 0, None]))
    connection.lost()
    assert connection.waiting == {}


async def test_many_clients(module: RemoteModule) -> None:
    """Several clients of one module get tokens with numbers of their own."""

    async def client() -> list[int]:
        async with open_remote_module(module.place) as other:
            return [it.first for it in await other.issue(requests(20)) if isinstance(it, Issued)]

    numbers = await asyncio.gather(*(client() for _ in range(5)))
    assert sorted(number for mine in numbers for number in mine) == list(range(100))


async def test_gone_before_the_answer(module: RemoteModule) -> None:
    """What was asked by a client who left meanwhile is made, counted and told to whoever asks by its id."""
    reader, writer = await asyncio.open_unix_connection(module.place.socket)
    writer.write(framed(HELLO))
    await reader.readexactly(4)
    writer.write(framed([2, "issue", LINES]))
    await writer.drain()
    writer.close()
    while not (found := await module.fetch([one.id for one in ASKED])):
        pass
    assert tokens_of(list(found.values())) == [expected(one) for one in ASKED]


# ------------------------------------------------------------------------------------------------ lost and found again


async def test_restarted(tmp_path: Path) -> None:
    """A client calls a module again that was started again; what it asked before has the same answer."""
    folder, asked = loaded(tmp_path), requests(3)
    async with open_remote_module(place_of(folder)) as module:
        async with served(unsealed(folder)):
            first = await module.issue(asked)
        with pytest.raises(UnreachableError, match="no module can be reached at"):
            await module.status()
        async with served(unsealed(folder)):
            assert await module.issue(asked) == first
            assert (await module.status()).count == 3


async def test_key_gone(tmp_path: Path) -> None:
    """Who fetches what was made with a key that is no longer there is told so."""
    host = unsealed(loaded(tmp_path))
    async with served(host) as module:
        await module.issue(ASKED)
        host.require_opened().core.hold(Vault(Realm.TEST), [])
        found = await module.fetch([one.id for one in ASKED])
    assert reasons(list(found.values())) == dict.fromkeys(range(len(ASKED)), UnknownKeyError)


@asynccontextmanager
async def falls_silent(place: Place, behind: Path, answers: int) -> AsyncIterator[None]:
    """A line to a module that breaks off after so many answers to the first caller; the next callers get through."""
    callers: list[asyncio.Task[None] | None] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(asyncio.current_task())
        left = answers if len(callers) == 1 else -1
        theirs, ours = await asyncio.open_unix_connection(behind)
        while left:
            frame = await frame_of(reader)
            if frame is None:
                break
            ours.write(frame)
            answer = await frame_of(theirs)
            left -= 1
            if left and answer:
                writer.write(answer)
        ours.close()
        writer.close()

    async with await asyncio.start_unix_server(pass_on, place.socket):
        yield
        await asyncio.gather(*(caller for caller in callers if caller))


async def test_lost_reply(module: RemoteModule, tmp_path: Path) -> None:
    """When the line breaks off before the answer, the same is asked over another one: nothing is made twice."""
    line = Place(tmp_path / "line")
    async with falls_silent(line, tmp_path / "s", answers=2), open_remote_module(line) as client:
        assert tokens_of(await client.issue(ASKED)) == [expected(one) for one in ASKED]
    assert (await module.status()).count == 3


async def test_not_asked_twice(module: RemoteModule, tmp_path: Path) -> None:
    """A quota isn't raised a second time because the first answer got lost."""
    line = Place(tmp_path / "line")
    two = {name: PEOPLE[name] for name in ("ada", "ben")}
    await module.load_published([NAME._replace(krn=KRN(3))], Quota(5, 5))
    async with falls_silent(line, tmp_path / "s", answers=2), open_remote_module(line) as client:
        with pytest.raises(UnreachableError, match="hung up"):
            await client.raise_quota(NAME._replace(krn=KRN(3)), (1, 1), two)
    assert (await module.quotas())[NAME._replace(krn=KRN(3))] == Quota(6, 6)


@asynccontextmanager
async def talking(folder: Path, *says: bytes, patience: float = 9) -> AsyncIterator[RemoteModule]:
    """A client of something that is no module: it says one thing after the other, the last to all that follows."""
    talks: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        left = list(says)
        while await frame_of(reader):
            writer.write(left.pop(0) if len(left) > 1 else left[0])
        writer.close()

    async with await asyncio.start_unix_server(answer, folder / "s"):
        async with open_remote_module(Place(folder / "s"), seen=folder / "seen", patience=patience) as module:
            yield module
        await asyncio.gather(*(talk for talk in talks if talk))


async def test_late(tmp_path: Path) -> None:
    """A module that doesn't answer in time is told of as out of reach, and where it should be."""
    async with talking(tmp_path, b"", patience=0.05) as module:
        with pytest.raises(UnreachableError, match=r"didn't answer in 0\.05 s"):
            await module.status()


@pytest.mark.parametrize("said", [b"\xc1", [], [1], [1, 0], 5, [1, 0, [1, 2], None], [1, 0, None, [5]], [1, 1, []]])
async def test_module_that_says_nonsense(tmp_path: Path, said: object) -> None:
    """What isn't the answer of a module is refused as such, and nobody waits for ever."""
    async with talking(tmp_path, framed(said), patience=0.2) as module:
        with pytest.raises(ModuleError):
            await module.status()


Ask = Callable[[RemoteModule], Awaitable[object]]
NONSENSE: list[tuple[Ask, list[object]]] = [
    (lambda module: module.issue(ASKED), [None, 5, [], [[0, b""]] * 2, [[0, b""]] * 4, [[0]] * 3]),
    (lambda module: module.change_keys([change()]), [None, [], [[0, b"", 1]], [[]]]),
    (lambda module: module.verify([VERIFIED]), [None, [], ["x"], ["f" * 99], [5], [[]]]),
    (lambda module: module.fetch([ASKED[0].id]), [None, [5], [[b"x", [0, b""]]], [[bytes(16)]]]),
    (lambda module: module.status(), [None, 5, [], ["x", "nowhere", 1, "", 1], ["x", "test", "many", "", 1]]),
    (lambda module: module.counters(), [None, 5, [], {"x": [1, 1]}, {"1 1 1": [1, 2, 3]}, {"1 1 1": 5}]),
    (lambda module: module.quotas(), [None, {"1 1": [1, 1]}]),
    (lambda module: module.attest(b"x"), [None, 5, [], [b"x"], [b"x", b"x", b"x"]]),
    (lambda module: module.standing(), [None, 5, [], ["x", "nowhere", "", True, [], 1], ["x", "test", "", True, 5, 1]]),
    (lambda module: module.load(b""), [None, "x", []]),
]


async def test_nonsense_after_a_greeting(tmp_path: Path) -> None:
    """What can't be the answer to what was asked is refused as such."""
    for ask, answers in NONSENSE:
        for said in answers:
            async with talking(tmp_path, framed([1, 0, [], None]), framed([2, 0, said, None])) as module:
                with pytest.raises(ModuleError):
                    await ask(module)


# ---------------------------------------------------------------------------------------------------- an older module


def files_of(folder: Path) -> dict[Path, bytes]:
    """What is in a folder now."""
    return {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def put_back(folder: Path, seen: Path) -> None:
    """Let a client see three tokens more of a module, and put the folder back as it was before."""
    old = files_of(folder)
    async with served(unsealed(folder), seen) as module:
        await module.issue(requests(3))
    for path, content in old.items():
        path.write_bytes(content)


async def test_older_module(tmp_path: Path) -> None:
    """A client that saw more of a module than it knows now refuses it, and so does the module itself."""
    seen, folder = tmp_path / "seen", loaded(tmp_path / "m")
    await put_back(folder, seen)
    async with served(unsealed(folder), seen) as module:
        with pytest.raises(OlderModuleError, match=r"a client saw tested\.journal at 3 tokens"):
            await module.issue(requests(1))


async def test_other_history(tmp_path: Path) -> None:
    """A module that has more tokens, but others, is refused as well."""
    seen, folder = tmp_path / "seen", loaded(tmp_path / "m")
    await put_back(folder, seen)
    async with served(unsealed(folder)) as module:
        await module.issue(requests(9))
        async with open_remote_module(module.place, seen=seen) as client:
            with pytest.raises(OlderModuleError):
                await client.status()


async def test_any_byte_of_what_was_seen(tmp_path: Path) -> None:
    """With any byte of what a client remembers another one, nothing is asked of the module."""
    seen = tmp_path / "seen"
    async with served(unsealed(loaded(tmp_path / "m")), seen) as module:
        await module.issue(requests(3))
        content = seen.read_bytes()
        for place in range(len(content)):
            altered = bytearray(content)
            altered[place] ^= 1 << place % 4
            seen.write_bytes(altered)
            with pytest.raises(JournalError):
                async with open_remote_module(module.place, seen=seen) as client:
                    await client.issue(requests(1))
        assert (await module.status()).count == 3


async def test_what_was_seen_can_not_be_written(tmp_path: Path) -> None:
    """When a client can't write down how far the module was, nobody knows what was made until it is fetched."""
    async with served(unsealed(loaded(tmp_path / "m")), tmp_path / "seen") as client:
        asked = requests(1)
        await client.status()
        assert client.memory
        only_read = os.open(tmp_path / "seen", os.O_RDONLY)
        os.dup2(only_read, client.memory.file)
        with pytest.raises(UnreachableError, match="how far the module is can't be written down"):
            await client.issue(asked)
        assert isinstance((await client.fetch([asked[0].id]))[asked[0].id], Issued)
        os.close(only_read)


async def test_older_after_unsealing(tmp_path: Path) -> None:
    """A client who called while a module was sealed has to greet it again, and finds out that it is an older one."""
    folder = loaded(tmp_path / "m")
    mark = Mark(tmp_path / "seen")
    mark.write(Position(7, 10_000, "a" * 64))
    mark.close()
    async with served(Host(folder), tmp_path / "seen") as client, open_remote_module(client.place) as custodian:
        assert (await client.standing()).is_sealed
        for name in ("ada", "ben"):
            await custodian.unseal(name, PEOPLE[name])
        with pytest.raises(OlderModuleError):
            await client.issue(requests(1))


async def test_module_that_forgot(tmp_path: Path) -> None:
    """A client doesn't rest on the module's own word that it isn't older."""
    mark = Mark(tmp_path / "seen")
    mark.write(Position(7, 10_000, "a" * 64))
    mark.close()
    async with talking(tmp_path, framed([1, 0, [], [1, 100, "b" * 64]])) as module:
        with pytest.raises(OlderModuleError, match="older than it was"):
            await module.status()


# ------------------------------------------------------------------------------------------------- custodians and keys


async def test_sealed(tmp_path: Path) -> None:
    """A sealed module answers how it stands, and nothing that needs a key; custodians unseal it, and one seals it."""
    sealed = asyncio.Event()
    with closing(Host(loaded(tmp_path))) as host:
        async with (
            listening(Server(host, sealed.set), tmp_path / "s"),
            open_remote_module(Place(tmp_path / "s")) as module,
        ):
            for call in (module.status, module.counters, module.quotas, lambda: module.issue(ASKED)):
                with pytest.raises(SealedError):
                    await call()
            assert (await module.unseal("ada", PEOPLE["ada"])).given == ("ada",)
            with pytest.raises(CustodianError):
                await module.unseal("ben", PEOPLE["ada"])
            assert not (await module.unseal("ben", PEOPLE["ben"])).is_sealed
            assert reasons(await module.issue(ASKED)) == {}
            await module.seal()
            await sealed.wait()
            with pytest.raises(SealedError):
                await module.issue(ASKED)


async def test_sealed_without_a_disk(tmp_path: Path) -> None:
    """A module that is sealed while its disk fails says so, and lets its keys go all the same."""
    sealed, host = asyncio.Event(), unsealed(loaded(tmp_path / "m", witness=tmp_path / "w"))
    journal = host.require_opened().core.journal
    witness = journal.require_open().witness
    assert witness
    with closing(host):
        async with (
            listening(Server(host, sealed.set), tmp_path / "s"),
            open_remote_module(Place(tmp_path / "s")) as module,
        ):
            assert (await module.status()).count == 0
            journal.append([Entry(0, "more")])
            os.close(witness.file)
            witness.file = os.open(os.devnull, os.O_RDONLY)
            with pytest.raises(JournalError):
                await module.seal()
            await sealed.wait()
            assert (await module.standing()).is_sealed


async def test_signed(module: RemoteModule) -> None:
    """What a module signs is read with the card that was written down when it was made."""
    card = KeyStore.read((Path(str(module.place.socket)).parent / "module.keys").read_bytes()).card
    said = read_attestation(await module.attest(b"now"), card, b"now")
    assert said.status == await module.status()
    with pytest.raises(AlteredError):
        await module.attest(b"")


async def test_loading(module: RemoteModule) -> None:
    """Keys and quotas come over the line, too; what isn't a file or an order is refused by name."""
    name = NAME._replace(krn=KRN(4))
    assert await module.load_published([name], Quota(2, 200)) == 1
    assert (await module.quotas())[name] == Quota(2, 200)
    assert (await module.status()).keys == len(KEYS) + 1
    for call in (module.load, module.top_up):
        with pytest.raises(UnsupportedError):
            await call(b"{}")
    with pytest.raises(CustodianError):
        await module.raise_quota(name, (1, 1), {"ada": PEOPLE["ada"]})
    await module.raise_quota(name, (1, 100), {name: PEOPLE[name] for name in ("ada", "cyd")})
    key = request().key._replace(krn=KRN(4))
    assert len(reasons(await module.issue([request(key=key, token=credit(100)) for _ in range(4)]))) == 1


# ---------------------------------------------------------------------------------------------------------- the sockets


async def test_private_socket(module: RemoteModule) -> None:
    """The socket is its owner's alone."""
    assert os.stat(str(module.place.socket)).st_mode & 0o777 == 0o600  # noqa: PTH116 - one call


async def test_socket_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A file isn't removed to make room for a socket; nor can one be made where there is no folder."""
    (tmp_path / "s").write_bytes(b"x")
    with closing(Host(founded(tmp_path / "m"))) as host:
        for place in (tmp_path / "s", tmp_path / "nowhere" / "s"):
            with pytest.raises(ModuleBusyError):
                async with listening(Server(host), place):
                    pass
    assert (tmp_path / "s").read_bytes() == b"x"


@pytest.mark.parametrize("text", ["tls://", "tls://host", "tls://host:9"])
def test_no_place(text: str) -> None:
    """An address without a port or without certificates is none."""
    with pytest.raises(UnreachableError, match="give tls"):
        Place.parse(text)


def test_places() -> None:
    """A socket is named by its path."""
    assert Place.parse("unix:a/b") == Place.parse("a/b") == Place(Path("a/b"))
    assert str(Place.parse("a/b")) == "a/b"


def test_tls(tmp_path: Path) -> None:
    """Over TLS, a module and its client each prove who they are; who can't is not heard, and takes nobody's place."""
    said = finish(begin("from tests.security.process.overtls import main; main()", tmp_path))
    assert said == "heard\nnot heard\nnot heard\nnot heard\nheard"


def test_tls_alone(tmp_path: Path) -> None:
    """Neither end speaks an older TLS, or to somebody without a certificate."""
    files = certificates(tmp_path / "files")
    for context in (server_tls(*files), client_tls(*files)):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_REQUIRED
    place = Place.parse("tls://127.0.0.1:99", client_tls(*files))
    assert str(place) == "tls://127.0.0.1:99"


async def test_wrong_value_over_the_line(tmp_path: Path) -> None:
    """A call that is refused for a wrong value names it, here as there."""
    async with talking(tmp_path, framed([1, 1, ["ModuleNameError", "name", "is none", "give one"]])) as module:
        with pytest.raises(ModuleNameError, match="name: is none; give one"):
            await module.status()


def test_errors_over_the_line() -> None:
    """Errors come over the line as what they are; one that isn't known here is a ModuleError, and keeps its words."""
    assert isinstance(error_of(["CrcError", "wrong"]), CrcError)
    error = error_of(["TokenFormatError", "token", "is short", "give all"])
    assert isinstance(error, TokenFormatError)
    assert str(error) == "token: is short; give all"
    for parts in (["OSError", "x"], ["TokenFormatError", "x"], ["nothing", "x"]):
        assert type(error_of(parts)) is ModuleError
