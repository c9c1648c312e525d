"""Receipts: that one entry is in the log, for somebody who has neither the log nor a database.

A receipt is a JSON object: the entry, its place, the hashes that prove it, the signed head, and the salts of what is
sealed in this entry. With a salt, whoever knows what is sealed (the digits on their slip) can see that it is that.
"""

import json
from dataclasses import dataclass
from typing import Any

from umbane.audit.entries import canonical, seal, sealed_in
from umbane.audit.errors import AlteredError
from umbane.audit.hashing import leaf_hash
from umbane.audit.heads import Head, HeadKeys, parse_head
from umbane.audit.proofs import verify_inclusion

__all__ = ["Receipt", "parse_receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an entry is in the log.

    Attributes:
        entry: its bytes.
        place: in the tree.
        proof: hashes.
        head: of the tree.
        salts: of what is sealed in the entry, in its order.
    """

    entry: bytes
    place: int
    proof: tuple[bytes, ...]
    head: Head
    salts: tuple[bytes, ...]

    def text(self) -> str:
        """The receipt as JSON."""
        return canonical({
            "entry": self.entry.decode("ascii"), "place": self.place, "proof": [it.hex() for it in self.proof],
            "head": str(self.head), "salts": [it.hex() for it in self.salts],
        }).decode("ascii")  # fmt: skip

    def require_true(self, keys: HeadKeys, secret: bytes | None = None) -> None:
        """Check that the entry is in the log, and that it seals a value, if one is given.

        Raises:
            AlteredError: it isn't, or it seals something else.
        """
        keys.require_signed(self.head)
        verify_inclusion(leaf_hash(self.entry), self.place, self.head.size, self.proof, self.head.root)
        if secret is not None:
            sealed = set(sealed_in(json.loads(self.entry)))
            if not any(seal(salt, secret) in sealed for salt in self.salts):
                raise AlteredError("the entry is in the log, and what you have isn't what is sealed in it")


def parse_receipt(text: str) -> Receipt:
    """The receipt that a text is; whether it is true is another question.

    Raises:
        AlteredError: it is none.
    """
    try:
        said: dict[str, Any] = json.loads(text)
        return Receipt(
            said["entry"].encode("ascii"), int(said["place"]), tuple(map(bytes.fromhex, said["proof"])),
            parse_head(said["head"]), tuple(map(bytes.fromhex, said["salts"])),
        )  # fmt: skip
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise AlteredError("that is no receipt of a log") from error
