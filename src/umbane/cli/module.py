"""`umbane module`: a security module in a process of its own, and what its custodians and operators do with it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table

from umbane.errors import InputError

if TYPE_CHECKING:
    import ssl
    from contextlib import AbstractAsyncContextManager

    from umbane.security import ModuleCard, SecurityModule, VendingKeyName
    from umbane.security.attesting import Statement
    from umbane.security.process.host import Host, Standing
    from umbane.security.process.remote import RemoteModule

__all__ = ["FILE", "command", "opened_at", "place_from"]

T = TypeVar("T")

SOCKET: Final = "socket"
"""What the socket in a module's folder is called, unless another is named."""
PATIENCE: Final = 120.0
"""Seconds: a module that is unsealed reads its whole journal first."""
NO_LIMIT: Final = "no limit"
CHALLENGE: Final = 32
"""Bytes that make an answer new."""

AT: Final = click.option(
    "--at",
    envvar="UMBANE_MODULE",
    default="module/socket",
    show_default=True,
    help="Where the module is: a socket, tls://host:port, or a file that names it. Also UMBANE_MODULE.",
)
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def with_tls(function: Callable[..., T]) -> Callable[..., T]:
    """Give a command the three files that a module over TLS needs."""
    options = (
        click.option("--certificate", type=FILE, help="For tls://: the certificate to show, with its chain."),
        click.option("--key", type=FILE, help="For tls://: its private key."),
        click.option("--authority", type=FILE, help="For tls://: who must have issued the other's certificate."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def with_place(function: Callable[..., T]) -> Callable[..., T]:
    """Give a command the options that say where the module is."""
    return AT(with_tls(function))


@click.group()
def command() -> None:
    """Keep vending keys in a process of their own, which makes the tokens and counts them.

    \b
    umbane module init module --name shop --custodian ada --custodian ben --threshold 2
    umbane module serve module                       in a terminal of its own; it is sealed
    umbane module unseal --custodian ada             and then ben
    umbane module load keys.json
    umbane serve --module unix:module/socket
    """  # noqa: D301 - click's mark for lines that stay as they are


# --------------------------------------------------------------------------------------------------------- one of them


@command.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", required=True, help="What it is to be called: lower-case letters, digits, hyphens.")
@click.option("--realm", type=click.Choice(["test", "production"]), default="test", show_default=True)
@click.option(
    "--custodian", "custodians", multiple=True, required=True, help="Who unseals it; up to seven, one by one."
)
@click.option(
    "--threshold", type=click.IntRange(1, 7), help="How many of them it takes; all of them if nothing is said."
)
@click.option("--centre", type=FILE, help="The card of the key management centre that sends it keys.")
@click.option(
    "--witness",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file on another disk that remembers how far it was: an older copy of the folder is refused.",
)
def init(
    folder: Path,
    *,
    name: str,
    realm: str,
    custodians: Sequence[str],
    threshold: int | None,
    centre: Path | None,
    witness: Path | None,
) -> None:
    """Make a new module in an empty FOLDER. Its custodians are asked for their passphrases, one after the other."""
    from umbane.security import Realm
    from umbane.security.identity import CentreCard
    from umbane.security.process.founding import found_module

    card = CentreCard.read(centre.read_bytes()) if centre else None
    if card:
        click.echo(f"Takes keys and orders of the centre {card.name}, {card.fingerprint}: compare it with theirs.")
    passphrases = {one: _passphrase(one, new=True) for one in dict.fromkeys(custodians)}
    most = threshold or len(passphrases)
    path = witness.resolve() if witness else None
    store = found_module(folder, name, Realm(realm), passphrases, most, centre=card, witness=path)
    if path is None:
        click.echo("note: without --witness, only clients and books notice an older copy of its folder", err=True)
    (folder / "module.card").write_bytes(store.card.text())
    click.echo(f"Made the module {name} of the {realm} realm in {folder}; {most} of {len(passphrases)} unseal it.")
    click.echo(f"Its card is {folder / 'module.card'}, for the centre: {store.card.fingerprint}")
    click.echo(f"Next: umbane module serve {folder}")


def _passphrase(name: str, *, new: bool = False) -> str:
    """A custodian's passphrase: typed unseen, or a line of standard input."""
    if sys.stdin.isatty():  # pragma: no cover - nobody sits there in a test
        from umbane.security.process.hardening import harden

        harden()  # this process, too, holds what opens the keys
        return str(click.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=new))
    line = sys.stdin.readline()
    if not line:
        raise InputError("passphrase", f"nobody gave that of {name}", "type it, or give it as a line of its own")
    return line.rstrip("\n")


@command.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--socket", type=click.Path(path_type=Path), help="Where to listen; FOLDER/socket if nothing is said.")
@click.option("--listen", metavar="HOST:PORT", help="Listen there, too, for clients with a certificate (TLS 1.3).")
@with_tls
def serve(
    folder: Path, *, socket: Path | None, listen: str | None, certificate: Path | None, key: Path | None,
    authority: Path | None,
) -> None:  # fmt: skip
    """Serve the module in FOLDER until somebody stops it. It is sealed when it starts.

    To seal it is to start this program again in the same process: the system takes all of its memory back.
    """
    from umbane.security.process.hardening import harden, start_again
    from umbane.security.process.host import Host

    for problem in harden().lacking():
        click.echo(f"note: {problem}", err=True)
    tls, address = None, None
    if listen:
        from umbane.security.process.serving import server_tls

        tls, address = server_tls(*_files(certificate, key, authority)), _address(listen)
    with closing(Host(folder)) as host:
        again = _run(_serve(host, socket or folder / SOCKET, address, tls))
    if again:
        start_again()


async def _serve(host: "Host", socket: Path, address: tuple[str, int] | None, tls: "ssl.SSLContext | None") -> bool:
    """Serve until the end; whether that is because it was sealed."""
    import signal

    from umbane.security.process.serving import Server, collect_seldom, listening

    collect_seldom()
    loop, end, sealed = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)

    def again() -> None:
        sealed.set()
        end.set()

    it = host.standing()
    async with listening(Server(host, again), socket, address, tls):
        also = f" and tls://{address[0]}:{address[1]}" if address else ""
        click.echo(f"The module {it.name} ({it.realm}) is at {socket}{also}. Ctrl+C stops it.", err=True)
        people = ", ".join(host.store.custody.names)
        click.echo(f"It is sealed: {it.threshold} of {people} have to unseal it.", err=True)
        await end.wait()
    return sealed.is_set()


def _run(work: Any) -> Any:  # noqa: ANN401 - a coroutine's own
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def _address(text: str) -> tuple[str, int]:
    """Host and port."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError("--listen", f"{text!r} is no address", "give host:port, for example 10.0.0.5:7100")
    return host.strip("[]"), int(port)


def _files(*files: Path | None) -> list[Path]:
    """The three files of TLS, all of which are needed."""
    given = [file for file in files if file]
    if len(given) != len(files):
        raise InputError("--certificate", "TLS takes three files", "give --certificate, --key and --authority")
    return given


def place_from(at: str, certificate: Path | None, key: Path | None, authority: Path | None) -> Any:  # noqa: ANN401 - a Place, loaded late
    """Where a module is, as the options of a command say."""
    from umbane.security.process.remote import Place, client_tls

    if Path(at).is_file():
        problem = f"{at} names a module that isn't in a process of its own"
        raise InputError("--at", problem, "name the socket of one that is, or tls://host:port")
    tls = client_tls(*_files(certificate, key, authority)) if at.startswith("tls://") else None
    return Place.parse(at, tls)


def opened_at(
    at: str, certificate: Path | None, key: Path | None, authority: Path | None
) -> "AbstractAsyncContextManager[SecurityModule]":
    """The module there: one that a file names, or one in another process."""
    from umbane.cli.modulefile import module_file
    from umbane.security.process.remote import open_remote_module

    if file := module_file(at):
        return file.open(file.name)
    return open_remote_module(place_from(at, certificate, key, authority))


def _asking(
    work: Callable[["RemoteModule"], Awaitable[T]],
    at: str,
    certificate: Path | None,
    key: Path | None,
    authority: Path | None,
) -> T:
    """Ask the module something."""
    from umbane.security.process.remote import open_remote_module

    place = place_from(at, certificate, key, authority)

    async def run() -> T:
        async with open_remote_module(place, patience=PATIENCE) as module:
            return await work(module)

    return asyncio.run(run())


# ----------------------------------------------------------------------------------------------------- what they ask it


@command.command()
@click.option("--custodian", required=True, help="Who unseals it.")
@with_place
def unseal(custodian: str, **place: Any) -> None:  # noqa: ANN401 - of with_place
    """Unseal the module: every custodian does it on their own, until it is enough."""
    passphrase = _passphrase(custodian)
    _tell(_asking(lambda module: module.unseal(custodian, passphrase), **place))


@command.command()
@with_place
def seal(**place: Any) -> None:  # noqa: ANN401 - of with_place
    """Seal the module at once: one person is enough. It makes nothing until its custodians unseal it."""
    _asking(lambda module: module.seal(), **place)
    click.echo("Sealed. The process starts again and has no key.")


def _tell(standing: "Standing") -> None:
    """Say how a module stands."""
    click.echo(f"{standing.name} ({standing.realm}), card {standing.fingerprint}")
    if standing.is_sealed:
        were = f": {', '.join(standing.given)} so far" if standing.given else ""
        click.echo(f"sealed; it takes {standing.threshold} custodians{were}")
    else:
        click.echo("unsealed")


@command.command()
@click.option("--card", type=FILE, help="The module's card, as it was written down: that module must have signed it.")
@with_place
def status(card: Path | None, **place: Any) -> None:  # noqa: ANN401 - of with_place
    """Say whether the module is sealed, what it made with each key, and how much it still may.

    With its card, the count is what the module with that card signs for this question; without, it is what whoever
    answers there says.
    """
    from umbane.cli.hardware import told_of
    from umbane.cli.modulefile import module_file
    from umbane.security import ModuleCard

    read = ModuleCard.read(card.read_bytes()) if card else None
    if file := module_file(place["at"]):
        click.echo(f"{file.name} ({file.realm})")
        return _told(told_of(file))
    standing, told = _asking(lambda module: _status(module, read), **place)
    _tell(standing)
    return _told(told, ", signed for this question by the module of that card" if read else "") if told else None


def _told(told: "Statement", signed: str = "") -> None:
    """Say how far a module is."""
    click.echo(f"{told.status.count} tokens so far; head {told.status.head}{signed}")
    _table(told.counters, told.quotas)


async def _status(module: "RemoteModule", card: "ModuleCard | None") -> tuple["Standing", "Statement | None"]:
    """How it stands; if it isn't sealed, its status, counters and quotas."""
    from umbane.security.attesting import Statement, read_attestation

    standing = await module.standing()
    if standing.is_sealed:
        return standing, None
    if card:
        challenge = os.urandom(CHALLENGE)
        return standing, read_attestation(await module.attest(challenge), card, challenge)
    return standing, Statement(await module.status(), await module.counters(), await module.quotas())


def _table(counters: Mapping["VendingKeyName", Any], quotas: Mapping["VendingKeyName", Any]) -> None:
    """Show keys with what they made and may make."""
    table = Table("SGC", "KRN", "type", box=box.SIMPLE_HEAD, header_style="dim")
    for title in ("tokens", "of", "units (0.1 kWh)", "of"):
        table.add_column(title, justify="right")
    for name in sorted(counters.keys() | quotas.keys()):
        made, most = counters.get(name, (0, 0)), quotas.get(name, (None, None))
        tokens, units = (
            (f"{one:,}", NO_LIMIT if of is None else f"{of:,}") for one, of in zip(made, most, strict=True)
        )
        table.add_row(str(name.sgc), str(name.krn), name.kt.name, *tokens, *units)
    Console(highlight=False).print(table)


@command.command()
@click.argument("file", type=FILE, required=False)
@click.option("--published", multiple=True, metavar="SGC/KRN", help="A published test key instead of a FILE.")
@click.option("--tokens", type=click.IntRange(0), help="For published keys: how many tokens each may make.")
@click.option("--units", type=click.IntRange(0), help="The same for credit, in 0.1 kWh.")
@with_place
def load(file: Path | None, published: Sequence[str], tokens: int | None, units: int | None, **place: Any) -> None:  # noqa: ANN401 - of with_place
    """Load the keys of a key load FILE that the centre made for this module.

    With --at naming a token of PKCS#11, FILE has keys that were wrapped to it, a line each.
    """
    from umbane.cli.hardware import load_into
    from umbane.cli.modulefile import module_file
    from umbane.security import Quota

    if bool(file) == bool(published):
        raise InputError("FILE", "either a file is loaded or published keys are", "give one of them")
    names = [_key(text) for text in published]
    text = file.read_bytes() if file else b""

    def work(module: "RemoteModule") -> Awaitable[int]:
        return module.load(text) if file else module.load_published(names, Quota(tokens, units))

    named = module_file(place["at"])
    number = load_into(named, text, names) if named else _asking(work, **place)
    click.echo(f"Loaded {number} key{'' if number == 1 else 's'}.")


def _key(text: str) -> "VendingKeyName":
    """A vending key by SGC/KRN or SGC/KRN/KT."""
    from umbane.errors import UmbaneError
    from umbane.security import VendingKeyName
    from umbane.sts import KRN, KT, SGC

    parts = text.split("/")
    try:
        sgc, krn, kt = parts if len(parts) > 2 else [*parts, str(int(KT.DUTK))]  # noqa: PLR2004 - it may be left out
        return VendingKeyName(SGC.parse(sgc), KRN(int(krn)), KT(int(kt)))
    except (ValueError, UmbaneError) as error:
        raise InputError("key", f"{text!r} is none", "give SGC/KRN, for example 123456/1, or SGC/KRN/KT") from error


@command.command()
@click.argument("setting", type=FILE)
def pair(setting: Path) -> None:
    """Print the public key of the token that the file SETTING names: keys on their way to it are wrapped to that.

    If it has no such pair of keys yet, it makes one; the private half never leaves it.
    """
    from umbane.cli.hardware import make_pair

    click.echo(make_pair(setting), nl=False)


@command.group()
def quota() -> None:
    """Raise how much a key may make; `umbane module status` shows it."""


@quota.command(name="top-up")
@click.argument("order", type=FILE)
@with_place
def top_up(order: Path, **place: Any) -> None:  # noqa: ANN401 - of with_place
    """Raise a quota by an ORDER that the centre signed."""
    text = order.read_bytes()
    _asking(lambda module: module.top_up(text), **place)
    click.echo("Raised.")


@quota.command(name="raise")
@click.argument("name", metavar="SGC/KRN")
@click.option("--tokens", type=click.IntRange(0), default=0, help="How many tokens more.")
@click.option("--units", type=click.IntRange(0), default=0, help="How much more credit, in 0.1 kWh.")
@click.option("--custodian", "custodians", multiple=True, required=True, help="Two custodians, one by one.")
@with_place
def raise_(name: str, tokens: int, units: int, custodians: Sequence[str], **place: Any) -> None:  # noqa: ANN401 - of with_place
    """Raise a quota because two custodians say so, each with their own passphrase."""
    if not tokens and not units:
        raise InputError("--tokens", "nothing is raised", "give --tokens, --units or both")
    key, people = _key(name), {one: _passphrase(one) for one in dict.fromkeys(custodians)}
    _asking(lambda module: module.raise_quota(key, (tokens, units), people), **place)
    click.echo("Raised.")
