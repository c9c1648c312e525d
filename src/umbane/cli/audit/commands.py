"""The commands of `umbane audit`."""

import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from uuid import UUID

import click

from umbane import audit
from umbane.cli.signing import signer_for, with_audit_key
from umbane.cli.where import using
from umbane.errors import InputError

if TYPE_CHECKING:
    from umbane.cli.audit.asking import LogOverHttp
    from umbane.db import Connection, Database

__all__ = ["command"]

ALARM: Final = 1
"""The exit code when something isn't what was signed."""
BATCH: Final = 1000
SALE: Final = "SELECT at FROM vending.sale WHERE id = $1"

FILE = click.Path(dir_okay=False, path_type=Path)
with_public_key = click.option(
    "--key", required=True, type=FILE, metavar="FILE", help="The public half of the key that signs heads: audit.pub."
)
with_socket = click.option("--socket", help="A Unix socket at which the log is, instead of the network.")


@click.group()
def command() -> None:
    """Check the log, collect its heads, and write it into a file."""


@contextmanager
def alarm() -> Iterator[None]:
    """Say that something isn't what was signed, and end with its exit code."""
    try:
        yield
    except audit.AlteredError as error:
        click.echo(f"ALARM: {error}", err=True)
        raise SystemExit(ALARM) from error


# ---------------------------------------------------------------------------------------------- of whoever runs the log


@command.command(name="key")
@click.argument("file", type=FILE)
def key_(file: Path) -> None:
    """Make a key that signs heads: FILE for you alone, and beside it a .pub for everybody."""
    made = audit.make_signer(file)
    click.echo(f"key {made.id}: {file} is for the server alone, {file.with_suffix('.pub')} for everybody")


@command.command(name="head")
def head_() -> None:
    """Show the last signed head."""

    async def work(database: "Database") -> audit.Head | None:
        async with database.reading() as connection:
            return await audit.last_head(connection)

    found = using(work)
    click.echo("Nothing was signed yet." if found is None else str(found))


@command.command(name="sequence")
@with_audit_key
def sequence_(audit_key: Path | None) -> None:
    """Give what waits its place, and sign a head; umbane serve does so by itself."""
    signer = signer_for(audit_key, None)
    with alarm():
        placed = using(lambda database: audit.sequence(database, signer, datetime.now(UTC)))
    click.echo(f"{counted(placed, 'entry', 'entries')} got {'its place' if placed == 1 else 'their places'}.")


@command.command(name="export")
@click.argument("file", type=FILE)
def export_(file: Path) -> None:
    """Write the log into FILE, up to its last signed head; anybody can check it with umbane audit verify."""

    async def work(database: "Database") -> int:
        async with database.reading() as connection:
            with new_file(file) as opened:
                return await write(opened, audit.entries_from(connection), await all_heads(connection))

    click.echo(f"{file}: {using(work)} entries")


async def all_heads(connection: "Connection") -> list[audit.Head]:
    """Every head."""
    found: list[audit.Head] = []
    after = 0, datetime(1, 1, 1, tzinfo=UTC)
    while more := await audit.heads_after(connection, after, BATCH):
        found += more
        after = found[-1].size, found[-1].at
    return found


async def write(opened: IO[bytes], entries: AsyncIterator[bytes], heads: Sequence[audit.Head]) -> int:
    """Write an export; how many entries it has."""
    if not heads:
        raise InputError("log", "nothing was signed yet", "serve, or give what waits its place: umbane audit sequence")
    async for line in audit.exported(entries, heads):
        opened.write(line)
    return heads[-1].size


@contextmanager
def new_file(file: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner alone; none is left where it wasn't finished."""
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError("FILE", f"{file} can't be made ({error.strerror})", "name another place") from error
    with os.fdopen(made, "wb") as opened:
        try:
            yield opened
        except BaseException:
            file.unlink()
            raise


@command.command(name="receipt")
@click.argument("sale", type=click.UUID)
def receipt_(sale: UUID) -> None:
    """Write what proves that a SALE is in the log; with it and the digits on the slip anybody can check them."""

    async def work(database: "Database") -> audit.Receipt:
        async with database.reading() as connection:
            at: datetime | None = await connection.fetchval(SALE, sale)
            if at is None:
                raise InputError("SALE", "there is no such sale", "give the id of one")
            entry, head = await audit.sale_entry(connection, sale, at), await audit.last_head(connection)
            if head is None or entry.place is None:
                raise InputError("SALE", "its entry has no place yet", "ask again in a minute")
            found = await audit.inclusion_proof(connection, entry.place, head.size)
            return audit.Receipt(entry.entry, entry.place, tuple(found.proof), head, entry.salts)

    click.echo(using(work).text())


# ------------------------------------------------------------------------------------------------------ of anybody else


@command.command(name="verify")
@click.argument("export", type=click.File("rb"))
@with_public_key
@click.option("--heads", type=FILE, help="Heads that were collected: each is held against the export.")
def verify_(export: IO[bytes], key: Path, heads: Path | None) -> None:
    """Check an EXPORT from its first byte to its last. It takes no database and no network.

    What was altered, dropped or moved is named, and the exit code is 1.
    """
    keys = audit.read_head_keys(key)
    with alarm():
        collected = audit.parse_heads(text_of(heads), keys) if heads else []
        found = audit.verify_export(bounded(export), keys, collected)
    heads_ = counted(found.heads, "head", "heads")
    click.echo(f"What stands there is what was signed: {counted(found.entries, 'entry', 'entries')} under {heads_}.")
    if found.hidden:
        click.echo(f"{found.hidden} of them not shown: only the hashes of their leaves were given.")
    if heads:
        click.echo(f"It fits {counted(found.seen, 'head', 'heads')} collected elsewhere.")
    click.echo(f"last head: {found.last}")


def bounded(lines: IO[bytes], longest: int = 1 << 24) -> Iterable[bytes]:
    """The lines of a file; one that is far too long comes in pieces, which fit nowhere."""
    return iter(lambda: lines.readline(longest), b"")


@command.command(name="check")
@click.argument("receipt", type=click.File("r", encoding="utf-8"))
@with_public_key
@click.option("--digits", help="The twenty digits on the slip.")
def check_(receipt: IO[str], key: Path, digits: str | None) -> None:
    """Check a RECEIPT: that its entry is in the log, and that the digits are those that are sealed there."""
    from umbane.sts import EncodedToken

    keys = audit.read_head_keys(key)
    secret = EncodedToken.parse(digits).bits.to_bytes(9) if digits else None
    with alarm():
        found = audit.parse_receipt(receipt.read())
        found.require_true(keys, secret)
    click.echo(found.entry.decode("ascii"))
    click.echo(
        f"That is entry {found.place} of {found.head.size}" + (", and it seals these digits." if digits else ".")
    )


@command.command(name="collect")
@click.argument("url")
@with_public_key
@click.option("--state", required=True, type=FILE, help="Where heads are kept: a line each, the last one last.")
@with_socket
@click.option(
    "--every", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Go on until there is an alarm."
)
@click.option(
    "--oldest", type=click.FloatRange(0, min_open=True), metavar="HOURS",
    help="A head that is older is an alarm, too: umbane serve signs one each hour at least.",
)  # fmt: skip
def collect_(  # noqa: PLR0917 - a parameter for each option
    url: str, key: Path, state: Path, socket: str | None, every: float | None, oldest: float | None
) -> None:
    """Fetch the head of the log at URL, hold it against the last one that was collected, and keep it.

    To be done every few minutes by somebody who doesn't run the log. If the log was cut back, is another one or was
    stopped, that is an alarm: exit code 1. If it doesn't answer, the exit code is 2; with --every it is tried again.
    """
    from umbane.cli.audit.asking import LogOverHttp

    keys = audit.read_head_keys(key)
    with LogOverHttp(url, socket) as log:
        while True:
            try:
                look(log, keys, state, oldest)
            except InputError as error:
                if every is None:
                    raise
                click.echo(error, err=True)
            if every is None:
                return
            time.sleep(every)


def look(log: "LogOverHttp", keys: audit.HeadKeys, state: Path, oldest: float | None) -> None:
    """Look once at the head of a log."""
    with alarm():
        seen = audit.parse_heads(text_of(state) if state.exists() else "", keys)
        found = audit.collect(keys, seen, log.head(), log.consistency)
        if found.is_new:
            keep(state, found.head)
        at = audit.moment(found.head.at)
        if oldest is not None and datetime.now(UTC) - found.head.at > timedelta(hours=oldest):
            raise audit.AlteredError(f"the last head is of {at}: nothing was signed since, or it isn't shown")
    click.echo(f"{found.head.size} entries, {found.grown} more than before; signed at {at}")


def keep(state: Path, head: audit.Head) -> None:
    """Add a head to those that were collected."""
    with state.open("a", encoding="ascii") as opened:
        opened.write(f"{head}\n")
        opened.flush()
        os.fsync(opened.fileno())


@command.command(name="fetch")
@click.argument("url")
@click.argument("file", type=FILE)
@with_socket
def fetch_(url: str, file: Path, socket: str | None) -> None:
    """Write the log at URL into FILE, as far as an auditor sees it: the token of their session is in UMBANE_TOKEN."""
    import asyncio

    from umbane.cli.audit.asking import LogOverHttp

    token = os.environ.get("UMBANE_TOKEN")
    with alarm(), new_file(file) as opened, LogOverHttp(url, socket, token) as log:
        heads = [audit.parse_head(it) for it in log.heads()]
        count = asyncio.run(write(opened, one_by_one(log.entries(heads[-1].size if heads else 0)), heads))
    click.echo(f"{file}: {count} entries")


async def one_by_one(entries: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Entries for those who wait for them; where too few come, the log isn't what its head says."""
    for it in entries:
        yield it
    raise audit.AlteredError("the log shows fewer entries than its head says")


def counted(number: int, one: str, several: str) -> str:
    """So many of something."""
    return f"{number} {one if number == 1 else several}"


def text_of(file: Path) -> str:
    """What is in a file of heads."""
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise InputError("--heads", f"{file} can't be read ({error.strerror})", "name what was collected") from error
