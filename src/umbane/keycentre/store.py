"""The one file of a centre: its card, its journal in the open, its secrets sealed under the master key, all signed.

It is written whole, beside the old one, and put in its place in one move: after a crash there is the old file or the
new one. Every copy of it is a sealed backup.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from umbane.errors import UmbaneError
from umbane.keycentre.errors import CheckError, HeadError, StoreError
from umbane.keycentre.journal import Entry, head_of, read_journal, replayed
from umbane.keycentre.register import Register
from umbane.keycentre.states import KeyState
from umbane.security import CentreCard, CentreIdentity, DocumentError, check_value
from umbane.security.disk import sync, sync_folder, write_at
from umbane.security.documents import canonical, packed, parsed, read, signed, unpacked, unsigned

__all__ = [
    "CENTRE_FILE",
    "Centre",
    "Secrets",
    "centre_text",
    "load_centre",
    "put_in_place",
    "read_centre",
    "read_either",
    "read_transcript",
    "replace_file",
    "transcript_text",
    "unsealed",
    "write_beside",
]

CENTRE_FILE: Final = "centre.kmc"
CENTRE: Final = "umbane key centre"
TRANSCRIPT: Final = "umbane transcript"
INSIDE: Final = "umbane centre secrets"
VERSION: Final = 1
NONCE: Final = 12
PRIVATE: Final = 0o600
LARGEST: Final = 1 << 24
HEAD: Final = re.compile(r"[0-9a-f]{4}(-[0-9a-f]{4}){7}")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a centre keeps secret. Its repr shows nothing of it."""

    seed: bytes = field(repr=False)
    """Of the centre's identity."""
    keys: Mapping[str, bytes] = field(repr=False)
    """The bits of vending keys, by their labels."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not copied: they stay where they are")


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre as anybody can read it from its file."""

    card: CentreCard
    entries: tuple[Entry, ...]
    sealed: bytes = field(repr=False)

    @property
    def head(self) -> str:
        """Where it stands."""
        return head_of(self.card, self.entries)

    def register(self) -> Register:
        """What its journal comes to."""
        return replayed(self.card, self.entries)

    def require_head(self, head: str) -> None:
        """Refuse a centre that isn't where somebody says, who may have typed it from paper.

        Raises:
            HeadError: it isn't; the error says whether it is an older one.
        """
        head = head.strip().lower().replace(" ", "-")
        if not HEAD.fullmatch(head):
            raise HeadError("that is no head: type the eight groups of four digits that are on paper")
        if head == self.head:
            return
        known = [head_of(self.card, self.entries[:count]) for count in range(len(self.entries))]
        if head in known:
            later = len(self.entries) - known.index(head)
            raise HeadError(
                f"the centre went on since {head}: {later} more step(s) were done, and it is at {self.head}"
            )
        problem = "an older copy was put in its place, or it is another centre"
        raise HeadError(f"the centre is at {self.head}, and {head} is unknown to it: {problem}")


def centre_text(
    centre: CentreIdentity, entries: Sequence[Entry], secrets: Secrets, *, master: bytes, nonce: bytes
) -> bytes:
    """The file of a centre.

    Args:
        centre: its identity.
        entries: its journal.
        secrets: what is sealed.
        master: the key that custodians' shares give.
        nonce: 12 random bytes.
    """
    inside = {"seed": secrets.seed.hex(), "keys": {label: bits.hex() for label, bits in secrets.keys.items()}}
    sealed = nonce + AESGCM(master).encrypt(nonce, canonical(inside), head_of(centre.card, entries).encode())
    return signed(CENTRE, VERSION, {**open_part(centre.card, entries), "sealed": packed(sealed)}, centre.sign)


def transcript_text(centre: CentreIdentity, entries: Sequence[Entry]) -> bytes:
    """The journal without the secrets, for everybody."""
    return signed(TRANSCRIPT, VERSION, open_part(centre.card, entries), centre.sign)


def open_part(card: CentreCard, entries: Sequence[Entry]) -> dict[str, Any]:
    """What anybody can read."""
    return {"card": card.text().decode("ascii"), "journal": [entry.fields() for entry in entries]}


def read_centre(text: bytes) -> Centre:
    """The centre in a file, when its signature fits and its journal can be replayed.

    Raises:
        StoreError: it was altered, or isn't such a file.
    """
    return opened(CENTRE, text)


def read_transcript(text: bytes) -> Centre:
    """The same of a transcript, which has no secrets.

    Raises:
        StoreError: it was altered, or isn't one.
    """
    return opened(TRANSCRIPT, text)


def read_either(text: bytes) -> Centre:
    """The centre in a file or a transcript, whichever it is.

    Raises:
        StoreError: it was altered, or is neither.
    """
    return opened(TRANSCRIPT if f'"document": "{TRANSCRIPT}"'.encode() in text else CENTRE, text)


def opened(kind: str, text: bytes) -> Centre:
    """Card, journal and what is sealed."""
    try:
        fields = read(kind, VERSION, text)
        card = CentreCard.read(str(fields.get("card")).encode())
        rest = unsigned(kind, VERSION, fields, card.verify)
        wanted = {"card", "journal"} | ({"sealed"} if kind == CENTRE else set())
        if set(rest) != wanted or not isinstance(rest["journal"], list):
            raise StoreError(f"the {kind} has other fields than it should")
        sealed = unpacked(rest["sealed"]) if kind == CENTRE else b""
    except (DocumentError, ValueError) as error:
        raise StoreError(f"the {kind} can't be used: {error}") from None
    centre = Centre(card, read_journal(card, rest["journal"]), sealed)
    centre.register()
    return centre


def unsealed(centre: Centre, master: bytes) -> Secrets:
    """The secrets of a centre, when each is the one that the journal tells of.

    Raises:
        StoreError: the key doesn't open it.
        CheckError: what is inside isn't what the journal tells of.
    """
    nonce, sealed = centre.sealed[:NONCE], centre.sealed[NONCE:]
    try:
        inside = parsed(INSIDE, AESGCM(master).decrypt(nonce, sealed, centre.head.encode()))
        keys = {str(label): bytes.fromhex(bits) for label, bits in inside["keys"].items()}
        secrets = Secrets(bytes.fromhex(inside["seed"]), keys)
    except (InvalidTag, KeyError, TypeError, ValueError, AttributeError, DocumentError):
        raise StoreError("the sealed part doesn't open: it was altered, or the shares are of another set") from None
    require_told(centre, secrets)
    return secrets


def require_told(centre: Centre, secrets: Secrets) -> None:
    """Refuse secrets that aren't those of the register."""
    card = CentreIdentity(centre.card.name, centre.card.realm, secrets.seed).card
    if card != centre.card:
        raise CheckError("the centre's own key isn't the one of its card")
    entries = {label: entry for label, entry in centre.register().keys.items() if entry.state is not KeyState.DESTROYED}
    if entries.keys() != secrets.keys.keys():
        raise CheckError("the sealed keys aren't those that the journal tells of")
    for label, entry in entries.items():
        try:
            check = check_value(entry.vending_key(secrets.keys[label]))
        except UmbaneError:
            check = "none"
        if check != entry.check:
            raise CheckError(f"the sealed key {label} has the check value {check}, and the journal says {entry.check}")


# --------------------------------------------------------------------------------------------------------------- files


def load_centre(folder: Path) -> Centre:
    """The centre in a folder.

    Raises:
        StoreError: there is none, or it can't be read.
    """
    try:
        with (folder / CENTRE_FILE).open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise StoreError(f"{folder / CENTRE_FILE} can't be read ({error.strerror})") from error
    return read_centre(text)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in its place, whole and on the disk, or leave what was there.

    Raises:
        StoreError: it can't be written.
    """
    put_in_place(write_beside(path, content), path)


def write_beside(path: Path, content: bytes) -> Path:
    """Write what is to be put in a place into a file beside it, and wait until it is on the disk.

    Raises:
        StoreError: it can't be written.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
        try:
            write_at(file, content, 0)
            sync(file)
        finally:
            os.close(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise StoreError(f"{path} can't be written ({error.strerror}): nothing was changed") from error
    return beside


def put_in_place(beside: Path, path: Path) -> None:
    """Put what was written beside a place into it.

    Raises:
        StoreError: it can't be done.
    """
    try:
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{beside} can't be put in the place of {path.name} ({error.strerror})") from error
