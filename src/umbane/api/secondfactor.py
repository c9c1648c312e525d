"""The second factor: the six digits that a telephone shows (TOTP, RFC 6238), and how their secret is kept."""

import hmac
import secrets
import struct
from base64 import b32encode
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from umbane.api.problems import ApiError

__all__ = ["SEAL_BYTES", "matching_step", "new_secret", "otpauth", "seal", "totp", "typed", "unseal"]

SEAL_BYTES: Final = 32
STEP: Final = 30
"""Seconds for which a code stands (RFC 6238 5.2)."""
DRIFT: Final = (0, -1, 1)
"""Steps by which the clock of a telephone may be wrong."""
NONCE: Final = 12
SECRET_BYTES: Final = 20
"""As long as the hash behind the code (RFC 4226 4, R6)."""
GROUP: Final = 4


def new_secret() -> bytes:
    """A secret for somebody's telephone."""
    return secrets.token_bytes(SECRET_BYTES)


def otpauth(issuer: str, name: str, secret: bytes) -> str:
    """What a telephone scans or opens to show the codes of a secret."""
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': plain(secret), 'issuer': issuer}, quote_via=quote)}"


def typed(secret: bytes) -> str:
    """A secret to be typed in by hand, in groups of four."""
    text = plain(secret)
    return " ".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def plain(secret: bytes) -> str:
    """A secret as telephones know it."""
    return b32encode(secret).decode().rstrip("=")


def totp(secret: bytes, step: int) -> str:
    """The six digits of a step (RFC 6238 with HMAC-SHA-1, which is what every telephone can do; RFC 4226 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", mac, mac[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """The step whose code that is; None for none. All of them are looked at, so that each takes as long."""
    current = int(now.timestamp()) // STEP
    said = code.encode("utf-8", "surrogatepass")
    steps = [it for it in (current + by for by in DRIFT) if hmac.compare_digest(totp(secret, it).encode(), said)]
    return steps[0] if steps else None


def seal(seal_key: bytes, owner: UUID, secret: bytes) -> bytes:
    """The secret of somebody's second factor as it is kept: useless without the key, and for anybody else."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(seal_key).encrypt(nonce, secret, owner.bytes)


def unseal(seal_key: bytes, owner: UUID, sealed: bytes) -> bytes:
    """The secret that was sealed.

    Raises:
        ApiError: it was sealed with another key, or isn't sealed at all.
    """
    try:
        return AESGCM(seal_key).decrypt(sealed[:NONCE], sealed[NONCE:], owner.bytes)
    except (InvalidTag, ValueError) as error:
        detail, remedy = "what was sealed can't be opened here", "start the server with the key that sealed it"
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, remedy) from error
