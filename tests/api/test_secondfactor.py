"""The second factor: codes, their times, and how the secret is kept and shown."""

from base64 import b32decode
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umbane.api.problems import ApiError
from umbane.api.secondfactor import SEAL_BYTES, matching_step, new_secret, otpauth, seal, totp, typed, unseal

KEYS = st.binary(min_size=SEAL_BYTES, max_size=SEAL_BYTES)
SECRETS = st.binary(min_size=16, max_size=40)
MOMENTS = st.integers(10**9, 2**33)


def test_the_standards_own_codes() -> None:
    """The codes are those of RFC 6238, appendix B, cut to six digits."""
    secret = b"12345678901234567890"
    steps = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 20000000000: "353130"}
    assert {moment: totp(secret, moment // 30) for moment in steps} == steps


@given(SECRETS, MOMENTS, st.integers(-5, 5))
def test_the_time_of_a_code(secret: bytes, moment: int, by: int) -> None:
    """A code counts in its own half minute, the one before and the one after; elsewhere only if it is the same."""
    step = moment // 30
    code, now = totp(secret, step + by), datetime.fromtimestamp(moment, UTC)
    near = [it for it in (step, step - 1, step + 1) if totp(secret, it) == code]
    assert matching_step(secret, code, now) == (near[0] if near else None)
    assert near or abs(by) > 1


@given(SECRETS, st.text("0123456789 -\u0661\uff11\ud800", max_size=8))
def test_what_is_no_code(secret: bytes, code: str) -> None:
    """What isn't six digits is never a code, and neither are the digits of other scripts."""
    if len(code) != 6 or not (code.isdigit() and code.isascii()):
        assert matching_step(secret, code, datetime(2026, 3, 12, tzinfo=UTC)) is None


@given(KEYS, st.uuids(), SECRETS)
def test_sealed(key: bytes, owner: UUID, secret: bytes) -> None:
    """What was sealed is what comes out, it doesn't show what is in it, and it is sealed anew each time."""
    sealed = seal(key, owner, secret)
    assert unseal(key, owner, sealed) == secret
    assert secret not in sealed
    assert seal(key, owner, secret) != sealed


@given(KEYS, st.uuids(), SECRETS, st.integers(0, 7))
def test_sealed_for_another(key: bytes, owner: UUID, secret: bytes, bit: int) -> None:
    """With another key, for another owner, or with one bit changed, nothing comes out."""
    sealed = seal(key, owner, secret)
    other, stranger = bytes([key[0] ^ 1 << bit]) + key[1:], UUID(int=owner.int ^ 1 << bit)
    changed = [sealed[:-1] + bytes([sealed[-1] ^ 1 << bit]), sealed[:12], sealed[:5], b""]
    for it in [(other, owner, sealed), (key, stranger, sealed), *((key, owner, each) for each in changed)]:
        with pytest.raises(ApiError):
            unseal(*it)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20), SECRETS)
def test_for_an_app(issuer: str, secret: bytes) -> None:
    """What an app reads names the utility and the person, whatever is in their names, and has the secret."""
    parts = urlsplit(otpauth(issuer, "p/1", secret))
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert [unquote(it) for it in parts.path[1:].split(":")] == [issuer, "p/1"]
    assert query["issuer"] == [issuer]
    assert padded(query["secret"][0]) == padded(typed(secret).replace(" ", "")) == secret


def padded(text: str) -> bytes:
    """What base 32 without its padding says."""
    return b32decode(text + "=" * (-len(text) % 8))


def test_new_secrets() -> None:
    """A secret is 160 random bits, as RFC 4226 asks for."""
    secrets = {new_secret() for _ in range(100)}
    assert (len(secrets), {len(it) for it in secrets}) == (100, {20})
