"""What stands beside a key, and the line of text in which a key travels."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.security.support import GROUP, KEY, KEYS
from tests.sts.support import base_dates, kens, krns, sgcs, vended_types
from umbane.security import Realm
from umbane.security.pkcs11 import TokenKey, TokenKeyError, WrappedKey, wrapped
from umbane.sts import DKGA

token_keys = st.builds(
    TokenKey, st.sampled_from(Realm), sgcs, krns, vended_types, st.sampled_from(DKGA), base_dates, kens
)
GOOD = "umbane test 123456 1 2 04 14 255"
LINE = WrappedKey(TokenKey.parse(GOOD), b"secret", b"feedback", "012abc").text


@given(token_keys)
def test_labels(key: TokenKey) -> None:
    """A label says all attributes of a key."""
    assert TokenKey.parse(key.label) == key


def test_a_label() -> None:
    """The label of a key in memory is what the documentation shows."""
    assert TokenKey.of(KEYS[KEY[:3]]).label == GOOD
    assert TokenKey.parse(GOOD).name == (GROUP, *KEY[1:3])


@pytest.mark.parametrize(
    "label",
    [
        "umbane",
        "umbane wrapping",
        "umbane other 123456 1 2 04 14 255",
        "umbane test 12345 1 2 04 14 255",
        "umbane test 123456 0 2 04 14 255",
        "umbane test 123456 1 7 04 14 255",
        "umbane test 123456 1 2 03 14 255",
        "umbane test 123456 1 2 04 15 255",
        "umbane test 123456 1 2 04 14 256",
        "umbane test 123456 1 2 4 14 255",
        "umbane test 123456 01 2 04 14 255",
        "umbane test 123456 1 2 04 14 255 ",
        "umbane  test 123456 1 2 04 14 255",
        "umbane test 123456 x 2 04 14 255",
        "other test 123456 1 2 04 14 255",
    ],
)
def test_bad_labels(label: str) -> None:
    """A label is written in one way only."""
    with pytest.raises(TokenKeyError):
        TokenKey.parse(label)


# ------------------------------------------------------------------------------------------------------ wrapped keys


@given(token_keys, st.binary(max_size=60), st.binary(max_size=8), st.text("0123456789abcdef", min_size=6, max_size=6))
def test_lines(key: TokenKey, secret: bytes, feedback: bytes, check: str) -> None:
    """A wrapped key is a line of text and comes out of it again."""
    line = WrappedKey(key, secret, feedback, check).text
    assert "\n" not in line
    assert WrappedKey.parse(f"{line}\n") == WrappedKey(key, secret, feedback, check)


@pytest.mark.parametrize(
    "line",
    [
        "",
        LINE[:-20],
        LINE.replace("-1:", "-2:"),
        LINE.replace("test", "tset"),
        LINE.replace(":", ";"),
        LINE + ":more",
        LINE.replace(b64encode(b"secret").decode(), "c2VjcmV0="),
        LINE.replace(b64encode(b"secret").decode(), "c2Vj cmV0"),
    ],
)
def test_bad_lines(line: str) -> None:
    """A line that was cut, altered, or is of another form is refused."""
    with pytest.raises(TokenKeyError):
        WrappedKey.parse(line)


def other_pair() -> bytes:
    """A public key that can't wrap."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


@pytest.mark.parametrize("public_key", [b"", b"no key", other_pair()], ids=["nothing", "no key", "elliptic"])
def test_not_a_tokens_key(public_key: bytes) -> None:
    """A vending key is not wrapped to anything but an RSA key, and the error shows nothing of it."""
    held = KEYS[KEY[:3]]
    with pytest.raises(TokenKeyError) as caught:
        wrapped(held, public_key)
    assert held.key.secret.hex() not in str(caught.value)


@pytest.mark.parametrize("held", KEYS.values(), ids=lambda held: f"{held.key.sgc} {held.key.krn} {held.key.kt.name}")
def test_nothing_shows(held: object) -> None:
    """What travels holds the bits of the key in no spelling."""
    known = next(one for one in KEYS.values() if one is held)
    pair = rsa.generate_private_key(65537, 2048).public_key()
    line = wrapped(known, pair.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).text
    secret = known.key.secret
    for part in (secret[:8], secret[-8:]):
        assert part.hex() not in line.lower()
        assert b64encode(part).decode()[:8] not in line
