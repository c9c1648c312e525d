"""`umbane module` as its custodians and operators see it, with the process that they start."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.api.house import furnished, serving, till, till_key
from tests.cli.test_serve import refused_outside
from tests.db.program import begin
from tests.security.process.certificates import certificates
from tests.security.process.test_host import CENTRE, STRANGER, file_of, order_of
from umbane.cli import main
from umbane.db import Database, Server
from umbane.security import Realm
from umbane.security.identity import ModuleCard, ModuleIdentity

if TYPE_CHECKING:
    import subprocess

ADA, BEN = "one two three four\n", "five six seven eight\n"
SERVE = "from umbane.cli import main; main()"


def call(*words: str | Path, typed: str = "", code: int = 0) -> str:
    """What a command says."""
    run = CliRunner().invoke(main, ["module", *map(str, words)], input=typed)
    assert run.exit_code == code, run.output
    return " ".join(run.output.split())


def refused(*words: str | Path, typed: str = "") -> str:
    """What a command says that is refused."""
    return call(*words, typed=typed, code=2)


def made(folder: Path, *more: str | Path) -> str:
    """Make a module."""
    who = "--custodian", "ada", "--custodian", "ben"
    return call("init", folder / "m", "--name", "shop", *who, *more, typed=ADA + BEN)


@contextmanager
def served(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Serve it until the end."""
    with begin(SERVE, "module", "serve", folder / "m") as process:
        until_sealed(process)
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def until_sealed(process: "subprocess.Popen[str]") -> list[str]:
    """Wait until it says that it is sealed; what it said."""
    assert process.stderr
    said = [process.stderr.readline()]
    while said[-1] and not said[-1].startswith("It is sealed"):
        said.append(process.stderr.readline())
    assert said[-1] == "It is sealed: 2 of ada, ben have to unseal it.\n", said
    return said


def unsealed(at: tuple[str, str | Path]) -> None:
    """Unseal it."""
    assert "sealed; it takes 2 custodians: ben so far" in call("unseal", "--custodian", "ben", *at, typed=BEN)
    assert call("unseal", "--custodian", "ada", *at, typed=ADA).endswith(" unsealed")


def test_a_life(tmp_path: Path) -> None:
    """It is made, served, unsealed by two, loaded by the centre, topped up in either way, and sealed by one."""
    (tmp_path / "centre.card").write_bytes(CENTRE.card.text())
    said = made(tmp_path, "--centre", tmp_path / "centre.card", "--witness", tmp_path / "w")
    card = ModuleCard.read((tmp_path / "m" / "module.card").read_bytes())
    assert CENTRE.card.fingerprint in said
    assert card.fingerprint in said
    (tmp_path / "keys").write_bytes(file_of(card, 1))
    (tmp_path / "order").write_bytes(order_of(card, 2, tokens=5))
    at = "--at", tmp_path / "m" / "socket"
    with served(tmp_path) as process:
        assert call("status", *at).endswith("sealed; it takes 2 custodians")
        assert "sealed: its custodians have to unseal it" in refused("load", tmp_path / "keys", *at)
        assert "no custodian has that name" in refused("unseal", "--custodian", "ada", *at, typed=BEN)
        unsealed(at)
        assert call("load", tmp_path / "keys", *at) == "Loaded 1 key."
        assert "comes too late" in refused("load", tmp_path / "keys", *at)
        assert call("quota", "top-up", tmp_path / "order", *at) == "Raised."
        both = "--custodian", "ada", "--custodian", "ben"
        assert call("quota", "raise", "123456/1", "--units", "10", *both, *at, typed=ADA + BEN) == "Raised."
        assert "123456 1 DUTK 0 15 0 5,010" in call("status", *at)
        signed = call("status", "--card", tmp_path / "m" / "module.card", *at)
        assert "123456 1 DUTK 0 15 0 5,010" in signed
        assert "signed for this question by the module of that card" in signed
        (tmp_path / "other.card").write_bytes(ModuleIdentity("shop", Realm.TEST, bytes(64)).card.text())
        assert "the signature doesn't fit" in refused("status", "--card", tmp_path / "other.card", *at)
        assert "nothing is raised" in refused("quota", "raise", "123456/1", *both, *at)
        alone = "--tokens", "1", "--custodian", "ada"
        assert "two custodians" in refused("quota", "raise", "123456/1", *alone, *at, typed=ADA)
        assert call("seal", *at) == "Sealed. The process starts again and has no key."
        until_sealed(process)
        assert call("status", *at).endswith("sealed; it takes 2 custodians")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert "no module can be reached" in refused("status", *at)


async def test_selling(database: Database, place: Server, folder: Path) -> None:
    """The API sells with a module in its own process, and not at all while that is sealed."""
    made(folder)
    town, at, module = await furnished(database), folder / "a", folder / "m" / "socket"
    body = {"message_id": "m1", "meter": str(town.meter.pan.drn), "order": {"kind": "buy", "money": 20_000}}
    key, files = await till_key(town), ("--audit-key", folder / "audit.key", "--module-seen", folder / "seen" / "shop")
    words = (*files, "--socket", at, "--module", f"unix:{module}", "--quiet")
    with served(folder):
        assert "is sealed: its custodians have to unseal it" in refused_outside(place, *words)
        await_unsealed(module)
        with serving(place, *words):
            async with till(at, key) as http:
                answers = [await http.post("/v1/sales", json=body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 200]
        assert answers[0].json()["tokens"] == answers[1].json()["tokens"]
        with serving(place, *words[:7], str(module)):
            async with till(at, key) as http:
                assert (await http.post("/v1/sales", json=body)).json()["tokens"] == answers[0].json()["tokens"]


async def test_a_module_that_was_put_back(database: Database, place: Server, folder: Path) -> None:
    """A module of which an older copy was put back between two runs of `serve` is refused, with the file that knows."""
    made(folder)
    town, at, module = await furnished(database), folder / "a", folder / "m" / "socket"
    key, more = await till_key(town), {"UMBANE_DATA": str(folder / "data")}
    body = {"message_id": "m1", "meter": str(town.meter.pan.drn), "order": {"kind": "buy", "money": 20_000}}
    words = "--audit-key", folder / "audit.key", "--socket", at, "--module", module, "--quiet"
    with served(folder):
        await_unsealed(module)
    copytree(folder / "m", folder / "old", ignore=ignore_patterns("socket"))
    with served(folder):
        await_unsealed(module, loaded=True)
        with serving(place, *words, **more) as process:
            async with till(at, key) as http:
                assert (await http.post("/v1/sales", json=body)).status_code == 201
            assert process.end() == (0, "")
        with serving(place, *words, **more) as process:
            assert process.end() == (0, "")
    [seen] = (folder / "data-seen").iterdir()
    assert seen.name == re.sub("[^A-Za-z0-9.]+", "-", str(module)).strip("-")
    rmtree(folder / "m")
    (folder / "old").rename(folder / "m")
    with served(folder):
        await_unsealed(module, loaded=True)
        said = refused_outside(place, *words, **more)
        assert "a client saw shop.journal at 1 tokens" in said
        assert f"{seen} remembers it" in said
        said = refused_outside(place, *words, "--module-seen", folder / "another", **more)
        assert "client" not in said  # the books know it, too, by the number of its tokens


@pytest.mark.parametrize("broken", ["file/seen", "."])
def test_a_memory_that_can_not_be_kept(place: Server, folder: Path, broken: str) -> None:
    """A file for what was seen of a module that can't be made is told by its option."""
    (folder / "file").touch()
    words = "--audit-key", folder / "audit.key", "--module", "unix:/nowhere/m", "--module-seen", folder / broken
    assert "--module-seen" in refused_outside(place, "--socket", folder / "a", *words)


def await_unsealed(module: Path, *, loaded: bool = False) -> None:
    """Unseal it in processes of their own, for here a loop runs already."""
    for name, typed in (("ben", BEN), ("ada", ADA)):
        with begin(SERVE, "module", "unseal", "--custodian", name, "--at", module) as process:
            _, wrong = process.communicate(typed)
            assert process.returncode == 0, wrong
    if loaded:
        return
    with begin(SERVE, "module", "load", "--published", "123456/1", "--at", module) as process:
        assert process.communicate()[0] == "Loaded 1 key.\n"


@pytest.mark.parametrize(
    ("words", "typed", "wanted"),
    [
        (("--custodian", "ada"), "short\n", "a passphrase has at least 12 characters"),
        (("--custodian", "ada"), "", "passphrase: nobody gave that of ada"),
        (("--custodian", "ada", "--threshold", "2"), ADA, "how many of them it takes"),
        (("--custodian", "ada", "--threshold", "0"), ADA, "0 is not in the range 1<=x<=7"),
        (("--custodian", "ada", "--realm", "production"), ADA, "takes two custodians at least, and a centre's card"),
        (("--custodian", "a da"), ADA, "a custodian's name is letters and digits"),
    ],
)
def test_not_made(tmp_path: Path, words: tuple[str, ...], typed: str, wanted: str) -> None:
    """A module that can't be made is refused in words, and leaves nothing."""
    assert wanted in refused("init", tmp_path / "m", "--name", "shop", *words, typed=typed)
    assert not (tmp_path / "m").exists()


def test_not_a_card(tmp_path: Path) -> None:
    """What isn't a centre's card is not taken for one."""
    (tmp_path / "card").write_bytes(STRANGER.card.text()[:-4])
    words = "--name", "shop", "--custodian", "ada", "--centre", tmp_path / "card"
    assert "this is no umbane centre card as it was written" in refused("init", tmp_path / "m", *words, typed=ADA)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("load",), "either a file is loaded or published keys are"),
        (("load", "--published", "123/1"), "key: '123/1' is none"),
        (("load", "--published", "123456"), "key: '123456' is none"),
        (("load", "--published", "123456/1/9"), "key: '123456/1/9' is none"),
        (("status", "--at", "tls://127.0.0.1:9"), "TLS takes three files"),
        (("status", "--at", "nowhere"), "no module can be reached at nowhere: No such file or directory"),
    ],
)
def test_refused(words: tuple[str, ...], wanted: str) -> None:
    """Words that make no sense are refused with what would."""
    assert wanted in refused(*words)


def test_not_served(tmp_path: Path) -> None:
    """What isn't a module, and what nobody can listen at, is not served."""
    made(tmp_path)
    files = [str(file) for file in certificates(tmp_path / "files")]
    tls = "--certificate", files[0], "--key", files[1], "--authority", files[2]
    for words, wanted in {
        (tmp_path / "files",): "there is no module in",
        (tmp_path / "m", "--listen", "9", *tls): "'9' is no address",
        (tmp_path / "m", "--listen", "h:9"): "TLS takes three files",
        (tmp_path / "m", "--socket", tmp_path / "m" / "module.keys"): "is a file: name another place",
    }.items():
        with begin(SERVE, "module", "serve", *words) as process:
            said = process.communicate()[1]
            assert process.returncode == 2
            assert wanted in said


def test_over_tls(tmp_path: Path) -> None:
    """A module at an address shows and wants certificates; those of a command are named by its options."""
    made(tmp_path)
    files = [str(file) for file in certificates(tmp_path / "files")]
    tls = "--certificate", files[0], "--key", files[1], "--authority", files[2]
    assert "tls://host:port" in refused("status", "--at", "tls://host", *tls)
    with begin(PORT) as lender:
        port = lender.communicate()[0].strip()
    with begin(SERVE, "module", "serve", tmp_path / "m", "--listen", f"127.0.0.1:{port}", *tls) as process:
        assert f"tls://127.0.0.1:{port}" in until_sealed(process)[-2]
        with begin(SERVE, "module", "status", "--at", f"tls://127.0.0.1:{port}", *tls) as client:
            assert client.communicate()[0].endswith("sealed; it takes 2 custodians\n")
        process.terminate()


PORT = "import socket; server = socket.create_server(('127.0.0.1', 0)); print(server.getsockname()[1])"
