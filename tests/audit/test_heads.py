"""Heads: who signed what, and whether one can come after another."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.audit.naive import mth, subproof
from umbane.audit import (
    AlteredError,
    ForkError,
    Head,
    HeadKeyError,
    HeadKeys,
    Signer,
    head_keys,
    make_signer,
    parse_head,
    read_head_keys,
    read_signer,
    require_next,
    signer_at,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
OTHER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(31) + b"1"))
KEYS = HeadKeys([SIGNER.public])
ENTRIES = [b"%d" % it for it in range(20)]


def head(size: int, entries: list[bytes] = ENTRIES, after: int = 0) -> Head:
    """A head over the first entries, so many minutes later."""
    return SIGNER.sign(size, mth(entries[:size]), NOW + timedelta(minutes=after))


@given(st.integers(0, 2**50), st.binary(min_size=32, max_size=32), st.datetimes())
def test_a_head_is_read_as_it_was_signed(size: int, root: bytes, at: datetime) -> None:
    """A head is read from its line as it was, and whoever has the public key sees that it was signed."""
    signed = SIGNER.sign(size, root, at.replace(tzinfo=UTC))
    assert parse_head(str(signed)) == signed
    KEYS.require_signed(parse_head(str(signed)))


def test_every_bit_of_a_head_counts() -> None:
    """Whatever bit of its line is turned, it is no head, or one that wasn't signed."""
    line = str(head(7)).encode()
    for place in range(8 * len(line)):
        turned = bytearray(line)
        turned[place // 8] ^= 1 << place % 8
        with pytest.raises(AlteredError):
            KEYS.require_signed(parse_head(turned.decode("latin-1")))


@pytest.mark.parametrize(
    ("old", "new"), [("head 7", "head 07"), ("2026-03", "2026-13"), ("head", "Head"), ("head ", "head  "), ("Z", "")]
)
def test_what_is_no_head(old: str, new: str) -> None:
    """Another way to write a number, a moment that doesn't exist, and other words are no head."""
    with pytest.raises(AlteredError, match="no head"):
        parse_head(str(head(7)).replace(old, new, 1))


def test_a_stranger() -> None:
    """A head of another key is refused, and one that claims to be of a known key too."""
    stranger = OTHER.sign(7, mth(ENTRIES[:7]), NOW)
    with pytest.raises(AlteredError, match="isn't known"):
        KEYS.require_signed(stranger)
    with pytest.raises(AlteredError, match="wasn't signed"):
        KEYS.require_signed(Head(7, NOW, stranger.root, SIGNER.id, stranger.signature))
    HeadKeys([SIGNER.public, OTHER.public]).require_signed(stranger)


def test_a_signature_is_for_heads_alone() -> None:
    """The words of a head that were signed without saying what for are not a signed head."""
    words = head(7).words.encode()
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(AlteredError, match="wasn't signed"):
        KEYS.require_signed(Head(7, NOW, mth(ENTRIES[:7]), SIGNER.id, key.sign(words)))


def test_one_after_another() -> None:
    """Heads of a growing log come one after the other; a log that has not grown may be signed again."""
    require_next(head(7), head(20, after=1), subproof(7, ENTRIES))
    require_next(head(7), head(7, after=1), [])


def test_forks() -> None:
    """A log that was cut back, one of an earlier moment, and one with another past don't come after a head."""
    forged = [*ENTRIES[:3], b"forged", *ENTRIES[4:]]
    with pytest.raises(ForkError, match="it was cut back"):
        require_next(head(7), head(6, after=1), [])
    with pytest.raises(ForkError, match="before the last one that was seen"):
        require_next(head(7, after=1), head(7), [])
    with pytest.raises(ForkError, match="there are two logs"):
        require_next(head(7), head(20, forged, after=1), subproof(7, forged))
    with pytest.raises(ForkError, match="there are two logs"):
        require_next(head(7), head(7, forged, after=1), [])


# ---------------------------------------------------------------------------------------------------------------- files


def test_a_key_in_a_file(tmp_path: Path) -> None:
    """A key is made once, only its owner can read it, and its public half lies beside it for everybody."""
    file = tmp_path / "audit.key"
    made = signer_at(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert signer_at(file).id == made.id == read_signer(file).id
    read_head_keys(tmp_path / "audit.pub").require_signed(made.sign(0, mth([]), NOW))
    with pytest.raises(HeadKeyError, match="exists"):
        make_signer(file)
    assert repr(made) == f"Signer({made.id})"


def test_others_read_it_too(tmp_path: Path) -> None:
    """What we write, OpenSSL reads: the public half follows from the private one."""
    file = tmp_path / "audit.key"
    make_signer(file)
    words = ["openssl", "pkey", "-in", str(file), "-pubout"]
    told = subprocess.run(words, capture_output=True, check=True).stdout
    assert told == (tmp_path / "audit.pub").read_bytes()


def test_files_that_are_no_use(tmp_path: Path) -> None:
    """A key that others can read, one that isn't there, one that is none, or a place where none can be, is refused."""
    file = tmp_path / "audit.key"
    make_signer(file)
    file.chmod(0o640)
    with pytest.raises(HeadKeyError, match=r"others can read .*; forbid it: chmod 600"):
        read_signer(file)
    with pytest.raises(HeadKeyError, match="can't be read"):
        read_signer(tmp_path / "nowhere")
    with pytest.raises(HeadKeyError, match="can't be made"):
        make_signer(tmp_path / "nowhere" / "audit.key")
    file.chmod(0o600)
    file.write_bytes((tmp_path / "audit.pub").read_bytes())
    with pytest.raises(HeadKeyError, match="holds no Ed25519 key"):
        read_signer(file)


def pem(signer: Signer) -> bytes:
    """The public half of a key."""
    return signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_public_halves(tmp_path: Path) -> None:
    """Several public keys stand in one file; none, and anything else, is refused."""
    assert set(head_keys(pem(SIGNER) + pem(OTHER), "here").by_id) == {SIGNER.id, OTHER.id}
    for text in (b"", b"hello"):
        with pytest.raises(HeadKeyError, match="holds none"):
            head_keys(text, "here")
    for text in (pem(SIGNER).replace(b"M", b"N"), b"x-----END PUBLIC KEY-----"):
        with pytest.raises(HeadKeyError, match="holds something else"):
            head_keys(text, "here")
    with pytest.raises(HeadKeyError, match="can't be read"):
        read_head_keys(tmp_path / "nowhere")
