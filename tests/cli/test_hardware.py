"""The API in front of modules that a file names: keys in SoftHSM, and a PrismToken behind a real socket."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.api.house import furnished, serving, till, till_key
from tests.cli.test_serve import refused_outside
from tests.db.program import begin, finish
from tests.registry.town import Town
from tests.security.pkcs11.softhsm import PAIR_BITS, PIN, new_token
from tests.security.prism.town import USER, Files, users
from tests.security.process.certificates import certificates
from umbane.cli import main
from umbane.db import Database, Server
from umbane.security import published_key
from umbane.security.pkcs11 import TokenLoader, TokenSetting
from umbane.sts import EA, KRN, SGC, TI, Credit, EncodedToken, decode, derive

PRISMTOKEN = "from tests.cli.prismtoken import main; main()"
SERVE = "from umbane.cli import main; main()"
GROUP = SGC(123456)


@pytest.fixture
async def town(database: Database) -> Town:
    """A town whose meters have the published key of that supply group."""
    return await furnished(database)


def call(*words: str | Path) -> str:
    """What a command says."""
    run = CliRunner().invoke(main, [*map(str, words)])
    assert run.exit_code == 0, run.output
    return run.output


async def sold(http: httpx.AsyncClient, town: Town, message: str) -> Any:  # noqa: ANN401 - an answer
    """Buy something."""
    order = {"message_id": message, "meter": str(town.meter.pan.drn), "order": {"kind": "buy", "money": 20_000}}
    return await http.post("/v1/sales", json=order)


def read(town: Town, answer: httpx.Response) -> Credit:
    """What the meter reads in the digits of a sale."""
    [token] = answer.json()["tokens"]
    key = derive(published_key(GROUP, KRN(1)).key, town.meter.pan, TI(1), EA.STA)
    found = decode(EncodedToken.parse(token["digits"]), key)
    assert isinstance(found, Credit)
    return found


@asynccontextmanager
async def selling(place: Server, town: Town, folder: Path, file: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server with the module that a file names, and a till at it."""
    at, key = folder / "a", await till_key(town)
    with serving(place, "--socket", at, "--module", file, "--quiet"):
        async with till(at, key) as http:
            yield http


# -------------------------------------------------------------------------------------------------------------- SoftHSM


def token_file(folder: Path, setting: TokenSetting, *more: str) -> Path:
    """A file that names a token."""
    lines = [
        "kind: pkcs11", "name: vault", "realm: test", "journal: journal", f"library: {setting.library}",
        f"token: {setting.token}", f"pin_file: {setting.pin_file}", *more,
    ]  # fmt: skip
    path = folder / "hsm.yaml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def token(tokens: Path, folder: Path) -> Path:
    """A token with the town's published key in it, which a command loaded."""
    setting = new_token(tokens)
    file = token_file(folder, setting)
    with TokenLoader(setting) as loader:
        loader.make_pair(PAIR_BITS)
    assert call("module", "pair", file).startswith("-----BEGIN PUBLIC KEY-----")
    said = call("module", "load", "--published", "123456/1", "--at", file)
    assert said.startswith("SGC 123456 KRN 1 DUTK: check value ")
    assert said.endswith("Loaded 1 key.\n")
    return file


async def test_selling_with_a_token(place: Server, town: Town, folder: Path, token: Path) -> None:
    """Over HTTP tokens are sold whose key is in SoftHSM; the next server gives the same digits, and all agree."""
    async with selling(place, town, folder, token) as http:
        first = await sold(http, town, "m1")
        assert (first.status_code, read(town, first).units > 0) == (201, True)
    async with selling(place, town, folder, token) as http:
        again = await sold(http, town, "m1")
        assert (again.status_code, again.json()["tokens"]) == (200, first.json()["tokens"])
    assert "1 tokens so far" in await asyncio.to_thread(call, "module", "status", "--at", token)
    with begin(SERVE, "reconcile", "--module", token, UMBANE_DATABASE_URL=place.url) as process:
        assert finish(process).endswith("The module, the books and the log agree.")


def in_the_environment(token: Path) -> Path:
    """Another file for the same token, by which its PIN is in the environment."""
    file = token.with_name("other.yaml")
    file.write_text(token.read_text().replace("pin_file: ", "pin_variable: TEST_PIN # "))
    return file


async def test_a_pin_in_the_environment(place: Server, town: Town, folder: Path, token: Path) -> None:
    """The PIN may be in the environment of several processes, each of which has a journal; a wrong one is named."""
    words = "--socket", folder / "a", "--module", in_the_environment(token), "--quiet"
    said = refused_outside(place, *words, TEST_PIN="0000")
    assert "refuses the PIN (PinIncorrect): it isn't tried again" in said
    assert "0000" not in said
    with serving(place, *words, "--workers", "2", TEST_PIN=PIN):
        async with till(folder / "a", await till_key(town)) as http:
            answers = [await sold(http, town, f"m{number}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.json()["tokens"][0]["digits"] for answer in answers}) == 6


# ----------------------------------------------------------------------------------------------------------- PrismToken


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Certificates."""
    return Files(*certificates(tmp_path_factory.mktemp("prism") / "certificates"))


@contextmanager
def prismtoken(files: Files, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A PrismToken: its port, and in the end how many tokens it made."""
    made: list[int] = []
    with begin(PRISMTOKEN, files.identity.certificate.parent, folder, str(GROUP)) as process:
        assert process.stdout
        yield process.stdout.readline().strip(), made
        made.append(int(finish(process)))


def prism_file(folder: Path, files: Files, port: str, password: str = USER.password) -> Path:
    """A file that names a PrismToken."""
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    path = folder / "prism.yaml"
    path.write_text(f"""
kind: prism
name: prism
realm: test
journal: journal
host: 127.0.0.1
port: {port}
pinned: {files.pinned}
user: {USER.username}
password_file: password
keys:
  - {{sgc: "{GROUP}", krn: 1}}
""")
    return path


async def test_selling_with_a_prismtoken(place: Server, town: Town, folder: Path, files: Files) -> None:
    """Over HTTP tokens are sold that a PrismToken makes behind a socket; what it warns of is told, and is an alarm."""
    with prismtoken(files, folder) as (port, made):
        file = prism_file(folder, files, port)
        async with selling(place, town, folder, file) as http:
            answers = [await sold(http, town, message) for message in ("m1", "m2", "m1")]
            assert [answer.status_code for answer in answers] == [201, 201, 200]
            assert answers[0].json()["tokens"] == answers[2].json()["tokens"]
            assert [read(town, answer).units > 0 for answer in answers] == [True] * 3
            while "alerts" not in (ready := (await http.get("/ready")).json()):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            assert ready == {"status": "ready", "alerts": ["ESts.VkExpired"]}
            assert 'umbane_module_alerts{code="ESts.VkExpired"} 1.0' in (await http.get("/metrics")).text
            async with town.database.reading() as connection:
                [alarm] = await connection.fetch("SELECT kind, by, words FROM api.alarm")
            assert (alarm["kind"], alarm["by"]) == ("module", "module:prism")
            assert alarm["words"].startswith(f"ESts.VkExpired: the key for SGC {GROUP} KRN 9")
        with begin(SERVE, "module", "status", "--at", file) as process:
            said = finish(process)
        assert "alert: ESts.VkExpired: the key for" in said
        assert "2 tokens so far" in said
    assert made == [2]


async def test_a_prismtoken_that_lets_nobody_in(place: Server, town: Town, folder: Path, files: Files) -> None:
    """With a wrong password nothing is served, and it is said why; where nobody answers, it is served and said."""
    words = "--socket", folder / "a", "--quiet", "--module"
    with prismtoken(files, folder) as (port, made):
        said = refused_outside(place, *words, prism_file(folder, files, port, "another one"))
        assert "ESignin.Authentication: user or password is wrong" in said
        assert "another one" not in said
    assert made == [0]
    file = prism_file(folder, files, port)
    with serving(place, *words, file, note="note: the module at 127.0.0.1 didn't answer"):
        async with till(folder / "a", await till_key(town)) as http:
            answer = await sold(http, town, "m1")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_a_token_behind_the_interface(folder: Path, token: Path, files: Files) -> None:
    """Keys in SoftHSM can stand behind our own server of the interface, and a file names that as a PrismToken."""
    words = [f"listen: 192.0.2.1:9443\nrealm: test\nusers:\n  {USER.username}: {users()[USER.username]}"]
    words += [f"certificate: {files.identity.certificate}\nkey: {files.identity.key}"]
    words += [f'keys:\n  - {{sgc: "{GROUP}", krn: 1}}']
    (folder / "server.yaml").write_text("\n".join(words))
    with begin(SERVE, "prism", "serve", folder / "server.yaml", "--at", token) as process:
        assert "listen: can't listen at 192.0.2.1:9443 (" in process.communicate()[1]
    (folder / "server.yaml").write_text("\n".join(words).replace("192.0.2.1:9443", "127.0.0.1:0"))
    with begin(SERVE, "prism", "serve", folder / "server.yaml", "--at", token) as process:
        assert process.stdout
        said = process.stdout.readline()
        assert said.startswith("The module vault listens at 127.0.0.1:")
        client = prism_file(folder, files, said.split(":")[1].split()[0])
        with begin(SERVE, "module", "status", "--at", client) as other:
            assert "prism (test)\n0 tokens so far" in finish(other)
        process.terminate()
        _, wrong = process.communicate()
        assert (process.returncode, wrong) == (0, "")
