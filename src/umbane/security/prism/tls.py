"""TLS at both ends: a peer is known by a certificate that was checked, or by the very certificate that was expected."""

import re
import ssl
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final, NamedTuple

from umbane.errors import shown
from umbane.security.errors import UnreachableError
from umbane.security.prism.errors import PrismSettingError

__all__ = ["Identity", "Trust", "client_context", "require_pinned", "server_context"]

FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
OLDEST: Final = ssl.TLSVersion.TLSv1_2


class Identity(NamedTuple):
    """Who we are: a certificate and its key, in PEM."""

    certificate: Path
    key: Path


class Trust(NamedTuple):
    """Whom we believe; exactly one of the two is given."""

    authority: Path | None = None
    """Certificates, in PEM, that vouch for the peer; then its name must fit, too."""
    pinned: str | None = None
    """SHA-256 of the peer's own certificate in DER, in hexadecimal: for the self-signed ones that devices have."""


def client_context(trust: Trust, identity: Identity | None = None) -> ssl.SSLContext:
    """What a client connects with.

    Args:
        trust: whom it believes.
        identity: who it is, if the module wants to know by a certificate.

    Raises:
        PrismSettingError: nobody or two are to be believed, or a file can't be used.
    """
    if (trust.authority is None) == (trust.pinned is None):
        raise PrismSettingError("trust", "it takes one of two", "give certificates that vouch, or a fingerprint")
    if trust.pinned is not None and not FINGERPRINT.fullmatch(trust.pinned):
        problem = f"{shown(trust.pinned)} is no fingerprint"
        raise PrismSettingError("pinned certificate", problem, "give the 64 hexadecimal digits of its SHA-256")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = OLDEST
    if trust.pinned is not None:
        context.check_hostname = False  # the certificate itself is compared, by ``require_pinned``
        context.verify_mode = ssl.CERT_NONE
    else:
        load("authority", lambda: context.load_verify_locations(trust.authority))
    if identity is not None:
        load("certificate", lambda: context.load_cert_chain(identity.certificate, identity.key))
    return context


def server_context(identity: Identity, clients: Path | None = None) -> ssl.SSLContext:
    """What a server listens with.

    Args:
        identity: who it is.
        clients: certificates, in PEM, that vouch for its clients; then it takes none without one.

    Raises:
        PrismSettingError: a file can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = OLDEST
    load("certificate", lambda: context.load_cert_chain(identity.certificate, identity.key))
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        load("clients", lambda: context.load_verify_locations(clients))
    return context


def load(field: str, loading: Callable[[], None]) -> None:
    """Load a file, or say which one can't be used."""
    try:
        loading()
    except (OSError, ssl.SSLError) as error:
        remedy = "give a file in PEM that this process may read"
        raise PrismSettingError(
            field, f"it can't be used: {error.strerror or 'it is no certificate'}", remedy
        ) from None


def require_pinned(certificate: bytes | None, trust: Trust) -> None:
    """Refuse a peer that isn't the one that was expected, before anything is said to it.

    Raises:
        UnreachableError: it is another one.
    """
    if trust.pinned is not None and not compare_digest(sha256(certificate or b"").hexdigest(), trust.pinned):
        raise UnreachableError("the module's certificate isn't the pinned one: somebody may stand between us and it")
