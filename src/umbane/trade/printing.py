"""The file for whoever prints vouchers: sealed to the printer's key, so that nobody on the way can read a PIN.

It is sealed as key load files are, by HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) together with all that stands
on its outside. It isn't signed: whoever makes another file knows no PIN that counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from umbane.security.documents import canonical, packed, parsed, read, unpacked, written
from umbane.trade.errors import TradeInputError

__all__ = ["Printed", "fingerprint", "open_voucher_file", "printer_key", "voucher_file"]

FILE: Final = "umbane voucher file"
VERSION: Final = 1
SUITE: Final = (KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class Printed:
    """What is printed: the batch, what each voucher is worth, until when, and the PINs by their serials from 1 on."""

    batch: str
    worth: str
    expires_on: date
    pins: Sequence[str]

    def __repr__(self) -> str:
        return f"Printed({self.batch!r}, {len(self.pins)} vouchers)"


def printer_key(pem: bytes) -> X25519PublicKey:
    """The printer's public key in PEM, as `openssl pkey -pubout` writes it.

    Raises:
        TradeInputError: it is no X25519 key.
    """
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise TradeInputError(
            "printer", "that is no public key of X25519", "make one: openssl genpkey -algorithm X25519"
        )
    return key


def fingerprint(key: X25519PublicKey) -> str:
    """What stands for a printer's key where people compare it."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:SHOWN]


def voucher_file(it: Printed, key: X25519PublicKey) -> bytes:
    """Write the file for the printer.

    Raises:
        TradeInputError: nothing can be sealed to this key.
    """
    outside = {
        "batch": it.batch,
        "worth": it.worth,
        "expires_on": it.expires_on.isoformat(),
        "count": len(it.pins),
        "printer": fingerprint(key),
    }
    try:
        sealed = Suite(*SUITE).encrypt(canonical({"pins": list(it.pins)}), key, info=canonical(outside))
    except ValueError:
        raise TradeInputError("printer", "nothing can be sealed to that key", "have the printer make another") from None
    return written(FILE, VERSION, {**outside, "sealed": packed(sealed)})


def open_voucher_file(text: bytes, key: X25519PrivateKey) -> Printed:
    """Open a file as the printer for whom it is.

    Raises:
        DocumentError: it is no such file.
        TradeInputError: it is for another printer, or was changed.
    """
    fields = read(FILE, VERSION, text)
    outside = {name: value for name, value in fields.items() if name != "sealed"}
    try:
        inside = Suite(*SUITE).decrypt(unpacked(fields.get("sealed")), key, info=canonical(outside))
    except (InvalidTag, ValueError):
        raise TradeInputError("file", "it is for another printer, or was changed", "use the key it is for") from None
    pins = parsed(FILE, inside)["pins"]
    return Printed(fields["batch"], fields["worth"], date.fromisoformat(fields["expires_on"]), pins)
