"""The key with which the log's heads are signed: in a file that only its owner reads, or in the environment."""

import os
from pathlib import Path
from typing import Final

import click

from umbane.audit import Signer, signer_at, signer_from
from umbane.errors import InputError

__all__ = ["signer_for", "with_audit_key"]

VARIABLE: Final = "UMBANE_AUDIT_KEY"
FILE: Final = "audit.key"

with_audit_key = click.option(
    "--audit-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar=f"{VARIABLE}_FILE",
    help=f"The key that signs the log, made if there is none; or {VARIABLE} holds it, as PEM. "
    f"Without either: {FILE} in the modules' folder, if they have one.",
)


def signer_for(file: Path | None, folder: Path | None) -> Signer:
    """The key in a file, that of the environment, or the one in a folder, which is made if there is none.

    Raises:
        InputError: there is none, it can't be read or made, others can read it, or it is no key.
    """
    if file is None and (text := os.environ.get(VARIABLE)):
        return signer_from(text.encode(), VARIABLE)
    if file is None and folder is None:
        problem = "it isn't said with which key the log is signed"
        raise InputError("--audit-key", problem, f"name its file, which umbane audit key makes, or set {VARIABLE}")
    return signer_at(file or (folder or Path()) / FILE)
