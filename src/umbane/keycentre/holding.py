"""Ceremonies on a real centre, which is a folder; and its backups."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from umbane.keycentre.ceremony import Ceremony, Held, custody_of
from umbane.keycentre.desk import Desk, gather
from umbane.keycentre.entropy import Entropy
from umbane.keycentre.errors import CheckError, StoreError
from umbane.keycentre.plan import plan_hash, read_plan
from umbane.keycentre.store import (
    CENTRE_FILE,
    Centre,
    load_centre,
    put_in_place,
    read_centre,
    replace_file,
    unsealed,
    write_beside,
)
from umbane.security import ModuleBusyError
from umbane.security.disk import lock, open_file

__all__ = ["centre_in", "hold", "prove_backup", "restore"]

LOCK: Final = "centre.lock"


def centre_in(folder: Path) -> Centre | None:
    """The centre in a folder, if there is one.

    Raises:
        StoreError: its file was altered, or can't be read.
    """
    return load_centre(folder) if (folder / CENTRE_FILE).exists() else None


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep a folder for one process.

    Raises:
        StoreError: another one has it, or there is no such folder.
    """
    try:
        file = open_file(folder / LOCK)
    except OSError as error:
        raise StoreError(f"{folder} can't be used ({error.strerror}): make the folder first") from error
    try:
        lock(file, str(folder))
        yield
    except ModuleBusyError:
        raise StoreError(f"another ceremony is being held in {folder}") from None
    finally:
        os.close(file)


def hold(  # noqa: PLR0913 - a ceremony needs all of them
    text: bytes, folder: Path, out: Path, *, desk: Desk, entropy: Entropy, clock: Callable[[], datetime]
) -> Held:
    """Hold a ceremony: the centre's new file first, and what it wrote for others second.

    Args:
        text: the ceremony file.
        folder: where the centre's file is, or will be.
        out: where transcript, backup and files for others go.
        desk: the people.
        entropy: where chance comes from.
        clock: tells the moment.

    Raises:
        AbandonedError: somebody said no; nothing was changed.
        CentreError, InputError: something isn't allowed, or was typed wrong again and again; nothing was changed.
    """
    plan = read_plan(text)
    if not out.is_dir():
        raise StoreError(f"there is no folder {out}: make it first")
    with only_one(folder):
        held = Ceremony(plan, plan_hash(text), desk, entropy, clock, centre_in(folder)).hold()
        keep(held, folder, out)
    desk.say(
        f"The ceremony is over. The centre stands at {held.centre.head}.",
        "Both of you write this head down, each on paper of your own. The next ceremony file begins with it.",
        *(f"  {name}" for name in sorted(held.outputs)),
        f"These files are in {out}.",
    )
    return held


def keep(held: Held, folder: Path, out: Path) -> None:
    """Write all that a ceremony leaves behind: whatever may fail comes before the centre's own file.

    Raises:
        StoreError: it can't be written; the centre is as it was, unless the error says otherwise.
        CheckError: what is on the disk is something else.
    """
    waiting: dict[Path, Path] = {}
    try:
        for name, content in held.outputs.items():
            waiting[out / name] = write_beside(out / name, content)
        replace_file(folder / CENTRE_FILE, held.text)
    except StoreError:
        for beside in waiting.values():
            beside.unlink()
        raise
    try:
        for path, beside in waiting.items():
            put_in_place(beside, path)
    except StoreError as error:
        raise StoreError(f"the centre stands at {held.centre.head}, but {error}: move it there by hand") from error
    require_written(held, folder, out)


def require_written(held: Held, folder: Path, out: Path) -> None:
    """Read everything again from the disk."""
    wanted = {folder / CENTRE_FILE: held.text} | {out / name: text for name, text in held.outputs.items()}
    for path, text in wanted.items():
        if path.read_bytes() != text:
            raise CheckError(f"{path} isn't what was written: this disk can't be trusted")


def prove_backup(text: bytes, head: str, desk: Desk) -> Centre:
    """The restore drill: prove that custodians can open a backup, and that it is the newest one.

    Args:
        text: the backup.
        head: from the paper of the last transcript.
        desk: the custodians.

    Raises:
        StoreError: it was altered, or doesn't open.
        HeadError: it isn't the newest one, or another centre's.
        CustodyError, InputError: the shares are wrong.
    """
    centre = read_centre(text)
    centre.require_head(head)
    master, _ = gather(desk, custody_of(centre.register()))
    secrets = unsealed(centre, master)
    desk.say(f"The backup opens. All {len(secrets.keys)} key(s) in it have the check values that the journal tells.")
    return centre


def restore(text: bytes, head: str, folder: Path, desk: Desk) -> Centre:
    """Put a backup into an empty folder, when custodians can open it and it is the newest one.

    Raises:
        StoreError: there is a centre already; or as ``prove_backup``.
    """
    with only_one(folder):
        if (folder / CENTRE_FILE).exists():
            raise StoreError(f"there is a centre in {folder}: a backup goes into an empty folder")
        centre = prove_backup(text, head, desk)
        replace_file(folder / CENTRE_FILE, text)
    desk.say(f"The centre is in {folder} again, and stands at {centre.head}.")
    return centre
