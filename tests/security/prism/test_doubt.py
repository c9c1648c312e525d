"""What becomes of tokens when answers are lost, sessions end, and the other side says something else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.security.prism.test_desk import config, credit
from tests.security.prism.town import USER, Files, client_of, desk_in, new_message, table
from tests.security.support import (
    DEFAULT,
    KEY,
    METERS,
    MOMENT,
    NEXT,
    UNKNOWN,
    change,
    expected,
    reasons,
    request,
    requests,
    tokens_of,
)
from umbane.security import (
    ModuleError,
    Refused,
    RequestReusedError,
    UnknownKeyError,
    UnreachableError,
    UnsupportedError,
    VerifyRequest,
)
from umbane.security.orders import change_orders, token_orders
from umbane.security.prism.asking import ask_for_change, ask_for_token, digits_of, refusal_of
from umbane.security.prism.client import Credentials, PrismClient
from umbane.security.prism.connection import IDLE, Address
from umbane.security.prism.desk import Desk
from umbane.security.prism.errors import ApiError, OtherTokenError, PrismSettingError
from umbane.security.prism.messages import IssuedToken, MeterTestToken, SignedIn, Verified
from umbane.security.prism.module import PrismModule, open_prism_module
from umbane.security.prism.remote import token_said
from umbane.security.prism.serving import serve_prism
from umbane.security.prism.tls import server_context
from umbane.sts import (
    EA,
    CheckDigitError,
    CrcError,
    CurrencyCredit,
    InitiateTest,
    KeyExpiredError,
    KeyUseError,
    Service,
    StsInputError,
    UnknownTokenError,
)


class Meddler(Desk):
    """A desk with somebody between it and its clients."""

    before: set[str]
    """Methods whose calls are lost on their way here."""
    after: set[str]
    """Methods whose answers are lost on their way back."""
    instead: dict[str, object]
    """What is answered in the place of what was done."""
    heard: list[str]

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 - a Desk's
        super().__init__(*args, **named)
        self.before, self.after, self.instead, self.heard = set(), set(), {}, []

    async def answer(self, method: str, arguments: dict[str, Any]) -> object:
        """Do it, or lose it."""
        self.heard.append(method)
        if method in self.before:
            raise asyncio.CancelledError
        said = await super().answer(method, arguments)
        if method in self.after:
            raise asyncio.CancelledError
        other = self.instead.get(method, said)
        if isinstance(other, Exception):
            raise other
        return other


@asynccontextmanager
async def meddled(files: Files, folder: Path) -> AsyncIterator[tuple[Meddler, Address]]:
    """A server with somebody before it."""
    address = Address("127.0.0.1", path=files.socket(folder))
    async with desk_in(folder / "there", Meddler) as desk, serve_prism(desk, server_context(files.identity), address):
        assert isinstance(desk, Meddler)
        yield desk, address


@asynccontextmanager
async def opened(files: Files, folder: Path, where: Address) -> AsyncIterator[PrismModule]:
    """A module behind it."""
    async with open_prism_module("tested", folder / "here", files.link(where), USER, table()) as module:
        yield module


ISSUE = "issueCreditToken"
FETCH = "fetchTokenResult"


# ------------------------------------------------------------------------------------------------------------ doubt


async def test_lost_answer(tmp_path: Path, files: Files) -> None:
    """When an answer is lost it is asked for by its message's id, and nobody notices."""
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.after = {ISSUE, "issueKeyChangeTokens"}
        asked, changed = requests(5), change()
        assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
        assert tokens_of(await module.change_keys([changed])) == [expected(changed)]
        assert (await desk.module.status()).count == (await module.status()).count == 7
        assert desk.heard.count(FETCH) == 6


async def test_lost_call(tmp_path: Path, files: Files) -> None:
    """When a call is lost and the module knows nothing of it, the outcome is unknown; the same may be asked again."""
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.before = {ISSUE}
        asked = requests(3)
        with pytest.raises(UnreachableError, match="not known"):
            await module.issue(asked)
        assert (await module.status()).count == 0
        assert await module.fetch([one.id for one in asked]) == {}
        desk.before = set()
        assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
        assert (await desk.module.status()).count == 3


@pytest.mark.parametrize("again", ["fetch", "issue"])
async def test_long_doubt(tmp_path: Path, files: Files, again: str) -> None:
    """What was made while nobody could be asked is found later, after an opening too, and isn't made again."""
    asked, changed = requests(4), change()
    async with meddled(files, tmp_path) as (desk, where):
        async with opened(files, tmp_path, where) as module:
            desk.after = {ISSUE, "issueKeyChangeTokens", FETCH}
            with pytest.raises(UnreachableError):
                await module.issue(asked)
            with pytest.raises(UnreachableError):
                await module.change_keys([changed])
            other = asked[0]._replace(pan=METERS[9])
            assert reasons(await module.issue([other])) == {0: RequestReusedError}
        desk.after = set()
        async with opened(files, tmp_path, where) as module:
            if again == "fetch":
                found = await module.fetch([*(one.id for one in asked), changed.id])
                assert tokens_of(list(found.values())) == [*map(expected, asked), expected(changed)]
            else:
                assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
                assert tokens_of(await module.change_keys([changed])) == [expected(changed)]
            assert desk.heard.count(ISSUE) == 4
            assert (await desk.module.status()).count == (await module.status()).count == 6
            assert [record.request async for record in module.since(0)] == [*asked, changed]


async def test_part_of_a_batch(tmp_path: Path, files: Files) -> None:
    """What is known of a batch is written down, also when the outcome of one of its members isn't known."""
    good, bad = request(), request(token=InitiateTest.everything())
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.after = {"issueMeterTestToken"}
        with pytest.raises(UnreachableError):
            await module.issue([good, bad])
        assert tokens_of(list((await module.fetch([good.id])).values())) == [expected(good)]
        desk.after = set()
        assert tokens_of(await module.issue([good, bad])) == [expected(good), expected(bad)]
        assert (await desk.module.status()).count == 2


@pytest.mark.parametrize("code", ["ESm", "EService", "EService.Disabled"])
async def test_doubtful_refusals(tmp_path: Path, files: Files, code: str) -> None:
    """A refusal after which a token may have been made is doubt: the module is asked by the message's id."""
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.instead = {ISSUE: ApiError(code, "something broke")}
        asked = requests(2)
        assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]


async def test_an_answer_without_sense(tmp_path: Path, files: Files) -> None:
    """An answer that makes no sense is none: the module is asked by the message's id."""
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.instead = {ISSUE: RuntimeError("a bug over there")}
        asked = requests(2)
        assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
    assert len(bugs) == 2


async def test_refused_there(tmp_path: Path, files: Files) -> None:
    """A definite refusal of the other side is that member's answer, and its id may be used again."""
    async with meddled(files, tmp_path) as (desk, where):
        del desk.table.keys[NEXT.sgc.value, 2]
        async with opened(files, tmp_path, where) as module:
            good, bad = request(), request(key=NEXT)
            answers = await module.issue([good, bad])
            assert reasons(answers) == {1: UnknownKeyError}
            assert tokens_of(answers[:1]) == [expected(good)]
            assert tokens_of(await module.issue([bad._replace(key=KEY)])) == [expected(bad._replace(key=KEY))]
        async with opened(files, tmp_path, where) as module:
            assert (await module.status()).count == 2


async def test_silence(tmp_path: Path, files: Files) -> None:
    """Who doesn't answer in time isn't waited for."""
    async with meddled(files, tmp_path) as (_, where):
        client = PrismClient(files.link(where, 0.3), USER, 1)
        assert await client.ping("x") == "x"
        async with client.connection() as connection:
            with pytest.raises(UnreachableError, match="in time"):
                await connection.call("ping", sleepMs=60_000, echo="x")
        assert await client.ping("y") == "y"
        await client.close()


async def test_a_connection_that_nobody_used(tmp_path: Path, files: Files) -> None:
    """A connection that wasn't used for a while is opened anew: it may lead nowhere, and nobody would say so."""
    async with meddled(files, tmp_path) as (_, where), client_of(files, where) as client:
        [connection, *_] = client.connections
        first = await connection.call("ping", sleepMs=0, echo="x"), connection.streams
        again = await connection.call("ping", sleepMs=0, echo="x"), connection.streams
        assert first == again
        connection.used -= IDLE + 1
        assert await connection.call("ping", sleepMs=0, echo="y") == "y"
        assert connection.streams != first[1]


async def test_nobody_there(tmp_path: Path, files: Files) -> None:
    """A module that isn't there is said to be out of reach, and nothing is counted."""
    async with opened(files, tmp_path, Address("127.0.0.1", path=tmp_path / "no")) as module:
        with pytest.raises(UnreachableError):
            await module.issue(requests(1))
        with pytest.raises(UnreachableError):
            await module.alerts()
        assert (await module.status()).count == 0


async def test_cancelled(tmp_path: Path, files: Files) -> None:
    """A call that is given up closes its connection: its answer is nobody's."""
    async with meddled(files, tmp_path) as (_, where), client_of(files, where) as client:
        call = asyncio.create_task(client.connections[0].call("ping", sleepMs=60_000, echo="x"))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert client.connections[0].streams is None
        assert await client.ping("x") == "x"


# --------------------------------------------------------------------------------------------------------- sessions


async def test_a_session_ends(tmp_path: Path, files: Files) -> None:
    """When a session ends the client signs in once more, by one of its callers, and asks the same again."""
    async with meddled(files, tmp_path) as (desk, where), client_of(files, where) as client:
        await client.nodes()
        desk.sessions.ends.clear()
        message = new_message()
        made = await asyncio.gather(*(client.issued(ISSUE, message, **credit()) for _ in range(4)))
        assert all(one == made[0] for one in made)
        assert desk.heard.count("signInWithPassword") == 2
        assert (await desk.module.status()).count == 1


async def test_no_session_for_ever(tmp_path: Path, files: Files) -> None:
    """A server that forgets every session isn't asked for ever."""
    async with meddled(files, tmp_path) as (desk, where), client_of(files, where) as client:
        desk.instead = {"getStatus": ApiError("EAuthentication.Token", "who are you?")}
        with pytest.raises(ApiError, match="who are you"):
            await client.nodes()
        assert desk.heard.count("getStatus") == 2


async def test_wrong_password(tmp_path: Path, files: Files) -> None:
    """A wrong password is no refusal of a request but a module that can't work; it isn't shown."""
    credentials = Credentials(USER.username, "wrong")
    assert "wrong" not in repr(credentials)
    async with meddled(files, tmp_path) as (desk, where):
        async with open_prism_module("tested", tmp_path / "here", files.link(where), credentials, table()) as module:
            with pytest.raises(ApiError, match=r"ESignin\.Authentication") as caught:
                await module.issue(requests(1))
            assert "wrong\n" not in str(caught.value)
            with pytest.raises(ApiError, match="ESignin"):
                await module.verify([VerifyRequest(METERS[0], EA.STA, KEY, expected(request())[0])])
        assert ISSUE not in desk.heard


async def test_fetch_refused(tmp_path: Path, files: Files) -> None:
    """When the module refuses to say what it did, that isn't taken for having done nothing."""
    async with meddled(files, tmp_path) as (desk, where), client_of(files, where) as client:
        desk.instead = {FETCH: ApiError("EAuthentication.Permission", "not for you")}
        message = new_message()
        await client.issued(ISSUE, message, **credit())
        with pytest.raises(ApiError, match="not for you"):
            await client.fetched(message)


# ---------------------------------------------------------------------------------------------------- something else


async def other_token(desk: Desk, **others: Any) -> IssuedToken:  # noqa: ANN401 - fields of every type
    """A token that somebody else asked for."""
    token = desk.sessions.signed_in(USER.username, USER.password)
    arguments = {"accessToken": token, "messageId": new_message(), **credit(**others)}
    made: Any = await Desk.answer(desk, ISSUE, arguments)
    return made[0]  # type: ignore[no-any-return]  # an IssuedToken


async def test_something_else(tmp_path: Path, files: Files) -> None:
    """A token for another meter, amount, minute or key, or several, or no digits, is handed on to nobody."""
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        good = await other_token(desk)
        wrong = [
            [await other_token(desk, meterConfig=config(drn=METERS[5].digits))],
            [await other_token(desk, transferAmount=101.0)],
            [good],
            [good, good],
            [],
        ]
        for answer in wrong:
            desk.instead = {ISSUE: answer}
            with pytest.raises(ModuleError, match=r"something else|not known"):
                await module.issue([request()])
        desk.instead = {"issueMeterTestToken": (await strange_test(desk))}
        with pytest.raises(ModuleError, match="another test token"):
            await module.issue([request(token=InitiateTest.everything())])
        assert (await module.status()).count == 0


async def strange_test(desk: Desk) -> Any:  # noqa: ANN401 - a MeterTestToken
    """A test token that somebody else asked for."""
    token = desk.sessions.signed_in(USER.username, USER.password)
    arguments = {"accessToken": token, "messageId": new_message(), "subclass": 0, "control": 1, "mfrcode": 0}
    return await Desk.answer(desk, "issueMeterTestToken", arguments)


async def test_another_key_change(tmp_path: Path, files: Files) -> None:
    """A key change to another key, or of fewer tokens, is handed on to nobody."""
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        for answer in ([], [await other_token(desk)]):
            desk.instead = {"issueKeyChangeTokens": answer}
            with pytest.raises(ModuleError, match=r"something else|not known"):
                await module.change_keys([change()])
        assert (await module.status()).count == 0


def test_digits() -> None:
    """What aren't digits is the module's fault."""
    with pytest.raises(ModuleError, match="none"):
        digits_of("12")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("EKeystore.NotFound", UnknownKeyError),
        ("ESts.VkExpired", KeyExpiredError),
        ("ESts.DrnOrPan", CheckDigitError),
        ("ESts.DrnOrPan.CheckDigit", CheckDigitError),
        ("ESts.IdRecord", StsInputError),
        ("ESts.VkBeforeBdt", StsInputError),
        ("EParamRange", StsInputError),
        ("EPrefRange", StsInputError),
    ],
)
def test_definite_refusals(code: str, kind: type[Exception]) -> None:
    """Refusals after which nothing was made are those of one request, in our words."""
    assert type(refusal_of(ApiError(code, "no"))) is kind


@pytest.mark.parametrize(
    "code",
    ["ESm", "EService", "EAuthentication.Permission", "EAuthentication.Token", "ESignin.Realm", "ECacheMiss", "New"],
)
def test_other_refusals(code: str) -> None:
    """All others, unknown ones among them, are no answer to a request."""
    assert refusal_of(ApiError(code, "no")) is None


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("EVerify.Crc", CrcError),
        ("EVerify.KeyExpired", KeyExpiredError),
        ("EVerify.DdtkCredit", KeyUseError),
        ("EVerify.Ok", UnknownTokenError),
        ("EVerify.New", UnknownTokenError),
    ],
)
def test_nothing_read(result: str, kind: type[Exception]) -> None:
    """What the module can't read has its reason in our words."""
    with pytest.raises(kind):
        token_said(Verified(result))


async def test_verify_refused(tmp_path: Path, files: Files) -> None:
    """Digits that the module refuses are refused, and when it can't work nothing is said of them."""
    asked = VerifyRequest(METERS[0], EA.STA, KEY, expected(request())[0])
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.instead = {"verifyToken": ApiError("EKeystore.NotFound", "no")}
        said = await module.verify([asked, asked._replace(key=UNKNOWN)])
        assert [type(one.reason) for one in said if isinstance(one, Refused)] == [UnknownKeyError, UnknownKeyError]
        desk.instead = {"verifyToken": ApiError("ESm", "no")}
        with pytest.raises(ApiError, match="ESm"):
            await module.verify([asked])


def test_more_than_can_be_said() -> None:
    """An amount that the interface can't say exactly isn't asked for."""
    token = CurrencyCredit(Service.ELECTRICITY, 10**20, MOMENT)
    (order,) = token_orders([request(token=token)])
    with pytest.raises(StsInputError, match="several tokens"):
        ask_for_token(order, table())


async def test_what_is_left_out(tmp_path: Path, files: Files) -> None:
    """Keys of meters are not to be had from a module behind the interface; what it says of itself is."""
    async with meddled(files, tmp_path) as (_, where), opened(files, tmp_path, where) as module:
        vault = module.core.vault
        with pytest.raises(UnsupportedError):
            vault.decoder_key(KEY, METERS[0], EA.STA)
        with pytest.raises(UnsupportedError):
            vault.decoder_keys([(KEY, METERS[0])], EA.STA)
        alerts = await module.alerts()
        assert [alert.code for alert in alerts] == ["ESts.VkExpired"]
        assert module.external
        assert reasons(await module.issue([request(key=DEFAULT)])) == {0: KeyUseError}


# ------------------------------------------------------------------------------------------------- what may not spread


async def test_silence_is_not_waited_for_by_all(tmp_path: Path, files: Files) -> None:
    """Once a module is silent the rest of a batch isn't asked; all of it is in doubt, and found or made later."""
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        asked = requests(40)
        desk.before = {ISSUE}
        with pytest.raises(UnreachableError):
            await module.issue(asked)
        assert desk.heard.count(ISSUE) <= len(module.remote.client.connections)
        desk.before = set()
        assert tokens_of(await module.issue(asked)) == [expected(one) for one in asked]
        assert (await desk.module.status()).count == (await module.status()).count == 40


async def test_a_strange_answer_is_found_alone(tmp_path: Path, files: Files) -> None:
    """When the module made something else for one message, the others are found all the same."""
    good, bad, test = request(), request(), request(token=InitiateTest.everything())
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.after = {ISSUE, "issueMeterTestToken", FETCH}
        for one in (good, bad, test):
            with pytest.raises(UnreachableError):
                await module.issue([one])
        desk.after = set()
        desk.instead = {FETCH: [await other_token(desk)]}
        found = await module.fetch([good.id, bad.id, test.id])
        assert {id_: type(it.reason) for id_, it in found.items() if isinstance(it, Refused)} == {
            good.id: OtherTokenError, bad.id: OtherTokenError
        }  # fmt: skip
        desk.instead = {}
        found = await module.fetch([good.id, bad.id, test.id])
        assert tokens_of([found[good.id], found[bad.id]]) == [expected(good), expected(bad)]
        assert test.id not in found
        assert tokens_of(await module.issue([test])) == [expected(test)]


async def test_sections_in_another_order(tmp_path: Path, files: Files) -> None:
    """A key change whose tokens come in another order, or for another algorithm, is handed on to nobody."""
    asked = change()
    async with meddled(files, tmp_path) as (desk, where), opened(files, tmp_path, where) as module:
        desk.after = {"issueKeyChangeTokens", FETCH}
        with pytest.raises(UnreachableError):
            await module.change_keys([asked])
        desk.after = set()
        (order,) = change_orders([asked])
        ask, remote = ask_for_change(order, table()), module.remote
        made: Any = await asyncio.to_thread(lambda: remote.run(remote.client.fetched(ask.message_id)))
        first, second = made
        for wrong in (
            [second._replace(newConfig=first.newConfig), first._replace(newConfig=None)],
            [first, second._replace(ea=11)],
            [first, second._replace(tokenClass=0)],
        ):
            desk.instead = {FETCH: wrong}
            assert reasons(list((await module.fetch([asked.id])).values())) == {0: OtherTokenError}
        desk.instead = {}
        assert tokens_of(list((await module.fetch([asked.id])).values())) == [expected(asked)]


async def test_a_refused_sign_in(tmp_path: Path, files: Files) -> None:
    """A sign-in that was refused isn't tried again for a minute, however many ask: modules lock users out."""
    now = [0.0]
    wrong = Credentials(USER.username, "wrong")
    async with meddled(files, tmp_path) as (desk, where):
        client = PrismClient(files.link(where), wrong, 2, lambda: now[0])
        said = await asyncio.gather(*(client.nodes() for _ in range(9)), return_exceptions=True)
        assert {str(it) for it in said} == {"ESignin.Authentication: user or password is wrong"}
        assert desk.heard == ["signInWithPassword"]
        now[0], client.credentials = 59.0, USER
        with pytest.raises(ApiError, match="ESignin"):
            await client.nodes()
        now[0] = 60.0
        assert await client.nodes()
        await client.close()


@pytest.mark.parametrize(
    ("user", "password", "field"),
    [("till", "", "password"), ("", "x", "user"), ("till", "p\u00e4ss", "password"), ("till", "x" * 56, "password"),
     ("till\n", "x", "user"), ("t\u00fcll", "x", "user")],
)  # fmt: skip
def test_what_can_not_be_said(files: Files, user: str, password: str, field: str) -> None:
    """A user or password that the interface has no signs for is refused by its name before anything is said."""
    with pytest.raises(PrismSettingError) as caught:
        PrismClient(files.link(Address("127.0.0.1")), Credentials(user, password))
    assert caught.value.field == field
    assert len(password) < 2 or password not in str(caught.value)


def test_nothing_is_shown() -> None:
    """Neither sessions nor digits are in what a value shows of itself, and a module's words go only so far."""
    assert "0123abcd" not in repr(SignedIn("0123abcd"))
    made = MeterTestToken("", "", 1, 0, 1, 0, "MeterTest", "12345678901234567890", "0ab54a98ceb1f0ad2")
    assert "1234567890" not in repr(made)
    assert len(str(ApiError("E" * 5000, "x" * 5000))) < 500
