"""The key with which the secrets of second factors and webhooks are sealed.

It is in a file or in the environment, never in the database: who has one of the two has nothing.
"""

import os
import secrets
from functools import partial
from pathlib import Path
from typing import Final

import click

from umbane.errors import InputError
from umbane.ownfile import read_own_file

__all__ = ["make_seal_key", "read_seal_key", "required_seal_key", "with_seal_key"]

VARIABLE: Final = "UMBANE_SEAL_KEY"
OPTION: Final = "--seal-key"
BYTES: Final = 32

with_seal_key = click.option(
    OPTION,
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar=f"{VARIABLE}_FILE",
    help=f"The file with the key that seals second factors; or {VARIABLE} holds the key itself.",
)


def read_seal_key(file: Path | None) -> bytes | None:
    """The key in a file, or that of the environment; None where there is neither.

    Raises:
        InputError: it can't be read, others can read it, or it is no key.
    """
    if file is not None:
        text = read_own_file(file, partial(InputError, OPTION), "name the file that umbane people seal-key made")
        return key_from(OPTION, text.decode("ascii", "replace"))
    held = os.environ.get(VARIABLE)
    return None if held is None else key_from(VARIABLE, held)


def required_seal_key(file: Path | None) -> bytes:
    """The same where nothing can be done without it."""
    key = read_seal_key(file)
    if key is None:
        raise InputError(OPTION, "there is no key to seal with", "make one: umbane people seal-key FILE")
    return key


def key_from(field: str, text: str) -> bytes:
    """The key that a text is."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != BYTES:
        raise InputError(field, "that is no key", f"give {2 * BYTES} hexadecimal digits")
    return key


def make_seal_key(file: Path) -> None:
    """Make a new key in a new file that only its owner can read.

    Raises:
        InputError: the file exists, or can't be made.
    """
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        problem = f"{file} exists, and what was sealed with its key would be lost"
        raise InputError("FILE", problem, "name another") from error
    except OSError as error:
        raise InputError("FILE", f"{file} can't be made ({error.strerror})", "name another place") from error
    with os.fdopen(made, "w", encoding="ascii") as opened:
        os.fchmod(made, 0o600)
        opened.write(secrets.token_hex(BYTES) + "\n")
        opened.flush()
        os.fsync(made)
