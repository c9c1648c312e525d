"""`umbane kmc`: the key management centre, on a machine that is never online."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from umbane.errors import InputError

__all__ = ["command"]

LARGEST: Final = 1 << 24
FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)

in_folder = click.option("--centre", "folder", type=FOLDER, required=True, help="The folder with the centre's file.")
at_head = click.option("--head", required=True, help="The head on the paper of the last transcript.")


@click.group()
def command() -> None:
    """Keep vending keys: ceremonies, custodians, key load files.

    Made for a machine that is never online. Nothing is done but what a ceremony file says, which is reviewed
    beforehand; docs/key-centre.md tells a ceremony step by step.
    """


@command.command(name="hash")
@click.argument("file", type=FILE)
def hash_(file: Path) -> None:
    """Check a ceremony FILE, and say its hash.

    Those who review the file write the hash down; the people in the room compare it.
    """
    from umbane.keycentre import plan_hash, read_plan

    text = content(file)
    plan = read_plan(text)
    click.echo(f"{plan.ceremony}: {len(plan.steps)} step(s), confirmed by {' and '.join(plan.confirming)}.")
    click.echo(plan_hash(text))


@command.command()
@click.argument("file", type=FILE)
@click.option("--centre", "folder", type=FOLDER, help="The folder with the centre's file, once there is one.")
def rehearse(file: Path, folder: Path | None) -> None:
    """Go through the ceremony in FILE on keys that are thrown away.

    Everything that would be said and asked is shown. Nothing is written.
    """
    from umbane.keycentre import Entropy, centre_in, rehearse

    centre = None if folder is None else centre_in(folder)
    rehearse(content(file), centre, tell=click.echo, entropy=Entropy(), clock=now)


@command.command()
@click.argument("file", type=FILE)
@in_folder
@click.option("--out", type=FOLDER, required=True, help="Where transcript, backup and files for others go.")
@click.option(
    "--sheets", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Print shares, from pages in this folder: one that lies in memory only, such as /dev/shm.",
)  # fmt: skip
def hold(file: Path, folder: Path, out: Path, sheets: Path | None) -> None:
    """Hold the ceremony in FILE.

    Two people confirm every step, each with a word of their own; custodians type their shares. Whoever says no ends
    it, and nothing was changed.
    """
    from umbane.cli.kmc.terminal import MOUNTS, TerminalDesk, hardened, require_memory
    from umbane.keycentre import Entropy, hold, read_plan

    hardened()
    if sheets:
        require_memory(sheets, MOUNTS.read_text() if MOUNTS.exists() else "")
    text = content(file)
    desk = TerminalDesk(sheets, read_plan(text).centre)
    hold(text, folder, out, desk=desk, entropy=Entropy(), clock=now)


@command.command()
@in_folder
def status(folder: Path) -> None:
    """Show keys, modules and custodians; nobody's share is needed."""
    from umbane.cli.kmc.showing import show_centre
    from umbane.keycentre import load_centre

    show_centre(load_centre(folder), now())


@command.command()
@click.argument("file", type=FILE)
@click.option("--head", help="The head on paper; without it, only say which head the file comes to.")
def verify(file: Path, head: str | None) -> None:
    """Replay a journal from its first entry.

    FILE is a transcript, a backup or a centre's own file. Every entry must fit its seal and be allowed where it stands;
    the end is the head.
    """
    from umbane.cli.kmc.showing import show_entries
    from umbane.keycentre import read_either

    centre = read_either(content(file))
    if head is not None:
        centre.require_head(head)
    show_entries(centre)
    click.echo(f"All {len(centre.entries)} entries fit. The centre {centre.card.name} comes to the head {centre.head}.")
    if head is None:
        click.echo("Compare it with the paper: what was put back to an older state fits, too, but has another head.")


@command.command()
@click.argument("file", type=FILE)
@at_head
def drill(file: Path, head: str) -> None:
    """Prove that custodians can open a backup.

    It is FILE, and nothing is restored.
    """
    from umbane.cli.kmc.terminal import TerminalDesk, hardened
    from umbane.keycentre import prove_backup

    hardened()
    prove_backup(content(file), head, TerminalDesk())


@command.command()
@click.argument("file", type=FILE)
@at_head
@in_folder
def restore(file: Path, head: str, folder: Path) -> None:
    """Put a backup into an empty folder.

    It is FILE. Custodians open it, and it has to be the newest one.
    """
    from umbane.cli.kmc.terminal import TerminalDesk, hardened
    from umbane.keycentre import restore

    hardened()
    restore(content(file), head, folder, TerminalDesk())


@command.command()
@click.argument("file", type=FILE)
def enrol(file: Path) -> None:
    """Write the step that takes a module in.

    FILE is the card of the module. The step goes to standard output, for a ceremony file. Compare the fingerprint in it
    with the one that the module's owner reads from the module.
    """
    from umbane.keycentre import draft_enrol

    click.echo(draft_enrol(content(file)), nl=False)


def of_a_key(draft: Callable[..., None]) -> Callable[..., None]:
    """Let a command draft what follows on a key: with what, for how long, and by whom."""
    for option in (
        click.option("--kwh", type=click.IntRange(0), default=1_000_000, show_default=True, help="For each module."),
        click.option("--tokens", type=click.IntRange(0), default=100_000, show_default=True, help="For each module."),
        click.option("--days", type=click.IntRange(1, 1095), default=60, show_default=True, help="For the campaign."),
        click.option("--confirm", "people", multiple=True, required=True, help="Who confirms each step; give two."),
        click.option("--reason", required=True, help="Why, for the journal."),
        in_folder,
        click.argument("key"),
    ):
        draft = option(draft)
    return draft


@command.command()
@of_a_key
def compromise(folder: Path, kwh: int, **wanted: Any) -> None:  # noqa: ANN401 - as NextKey has them
    """Write the ceremony file that answers a compromise.

    KEY is such as "123456 1 VUDK". The file goes to standard output. Review it, rehearse it, hold it: that
    marks the key, makes its next revision, ends the old one, writes files for every audited module and the plan by
    which vending moves the meters.
    """
    from umbane.keycentre import NextKey, draft_compromise, load_centre

    click.echo(draft_compromise(load_centre(folder), NextKey(units=10 * kwh, **wanted), now()), nl=False)


@command.command()
@of_a_key
def rotate(folder: Path, kwh: int, **wanted: Any) -> None:  # noqa: ANN401 - as NextKey has them
    """Write the ceremony file by which a key is followed by its next revision.

    KEY is such as "123456 1 VUDK". The file goes to standard output. It does what compromise does, but the old key
    stays active, and modules keep it as they have it.
    """
    from umbane.keycentre import NextKey, draft_rotation, load_centre

    click.echo(draft_rotation(load_centre(folder), NextKey(units=10 * kwh, **wanted), now()), nl=False)


def content(file: Path) -> bytes:
    """What is in a file."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST + 1)
    except OSError as error:
        raise InputError(str(file), f"it can't be read ({error.strerror})", "name another file") from error
    if len(text) > LARGEST:
        raise InputError(str(file), "it is too large", "name another file")
    return text


def now() -> datetime:
    """The moment, by this machine's clock."""
    return datetime.now(UTC)
