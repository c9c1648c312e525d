"""Certificates for tests: an authority that lives for an hour, and one certificate of it for 127.0.0.1."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

__all__ = ["certificates"]


def named(name: str) -> x509.Name:
    """The name of somebody."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def issued(name: str, key: EllipticCurvePrivateKey, by: EllipticCurvePrivateKey, *, is_authority: bool) -> bytes:
    """A certificate."""
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - hour)
        .not_valid_after(now + hour)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    )
    return builder.sign(by, SHA256()).public_bytes(Encoding.PEM)


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A certificate, its key and its authority, as files."""
    folder.mkdir()
    authority, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    files = folder / "certificate.pem", folder / "key.pem", folder / "authority.pem"
    files[0].write_bytes(issued("somebody", key, authority, is_authority=False))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[2].write_bytes(issued("authority", authority, authority, is_authority=True))
    return files
