"""The bits of vending keys: sound ones only, by chance or from paper."""

from itertools import combinations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st

from tests.keycentre.support import stream
from umbane.errors import UmbaneError
from umbane.keycentre import ComponentError, Entropy, EntropyError, WeakKeyError
from umbane.keycentre.material import (
    DES_WEAK,
    combined,
    component_check,
    new_secret,
    odd_parity,
    read_component,
    require_sound,
)
from umbane.sts import DKGA

DES, LONG = DKGA.DES, DKGA.KDF_HMAC_SHA256
GOOD = bytes.fromhex("0123456789abcdef")
LONG_GOOD = bytes(range(20))


def encrypt(key: bytes, block: bytes) -> bytes:
    """DES."""
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)  # noqa: S305 - DES is what is tested


def test_weak_keys() -> None:
    """Each of the sixteen keys undoes what it, or the other one of its pair, did: that is what weak means."""
    block = b"12345678"
    assert len(DES_WEAK) == 16
    alone = {key for key in DES_WEAK if encrypt(key, encrypt(key, block)) == block}
    assert len(alone) == 4
    pairs = [pair for pair in combinations(DES_WEAK - alone, 2) if encrypt(pair[0], encrypt(pair[1], block)) == block]
    assert len(pairs) == 6


@pytest.mark.parametrize("key", sorted(DES_WEAK), ids=bytes.hex)
def test_weak_keys_refused(key: bytes) -> None:
    """A weak or semi-weak key is refused, and not shown."""
    with pytest.raises(WeakKeyError, match="weak") as refusal:
        require_sound(DES, key)
    assert key.hex() not in str(refusal.value)


@given(st.binary(min_size=8, max_size=8), st.integers(0, 63))
def test_parity(secret: bytes, bit: int) -> None:
    """A key of odd parity is taken, and with any one bit flipped it is refused."""
    key = odd_parity(secret)
    assert all(byte.bit_count() % 2 for byte in key)
    if key not in DES_WEAK:
        require_sound(DES, key)
    flipped = bytearray(key)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WeakKeyError, match="parity"):
        require_sound(DES, bytes(flipped))


@pytest.mark.parametrize(
    ("dkga", "secret"),
    [(DES, b""), (DES, GOOD[:7]), (DES, LONG_GOOD), (LONG, GOOD), (LONG, LONG_GOOD[:19]), (LONG, LONG_GOOD + b"x")],
)
def test_lengths(dkga: DKGA, secret: bytes) -> None:
    """A key of another length is refused."""
    with pytest.raises(WeakKeyError, match=f"the key has {len(secret)} bytes"):
        require_sound(dkga, secret)


@pytest.mark.parametrize("secret", [bytes(20), b"\xff" * 20, b"\x12\x34" * 10, bytes(13) + bytes(range(7))])
def test_plain_keys(secret: bytes) -> None:
    """Twenty bytes that hardly differ are no key."""
    with pytest.raises(WeakKeyError, match="not random"):
        require_sound(LONG, secret)


@pytest.mark.parametrize("dkga", [*DKGA])
def test_new_keys(dkga: DKGA) -> None:
    """New keys are sound, and no two are the same."""
    entropy = Entropy(stream("keys"))
    keys = {new_secret(dkga, entropy) for _ in range(20)}
    assert len(keys) == 20
    for key in keys:
        require_sound(dkga, key)


def test_weak_chance() -> None:
    """Chance that gives nothing but weak keys is given up, though it passes the health tests."""
    rest = stream("rest")(600)
    with pytest.raises(EntropyError, match="weak keys"):
        new_secret(DES, Entropy(lambda size: (bytes.fromhex("011f011f010e010e") + rest)[:size]))


def test_weak_chance_once() -> None:
    """One weak key is passed over."""
    source, asked = stream("once"), iter(range(99))
    weak = bytes.fromhex("fe01fe01fe01fe01")
    entropy = Entropy(lambda size: weak + source(size)[8:] if next(asked) == 2 else source(size))
    assert new_secret(DES, entropy) != weak


# ----------------------------------------------------------------------------------------------------------- components


def test_check_values() -> None:
    """The check value of 8 bytes is what DES makes of zeros, as everybody's is."""
    assert component_check(GOOD) == encrypt(GOOD, bytes(8)).hex()[:6] == "d5d44f"
    assert component_check(LONG_GOOD) != component_check(LONG_GOOD[::-1])


@given(st.binary(min_size=20, max_size=20), st.binary(min_size=20, max_size=20))
def test_from_components(first: bytes, second: bytes) -> None:
    """A key is the exclusive or of its components, typed in any spacing and case."""
    third = bytes(a ^ b ^ c for a, b, c in zip(first, second, LONG_GOOD, strict=True))
    read = [read_component(part.hex(" ", 2).upper(), LONG, component_check(part)) for part in (first, second, third)]
    if len(set(read)) == 3:
        assert combined(read, LONG, component_check(LONG_GOOD).upper()) == LONG_GOOD


@pytest.mark.parametrize("text", ["", "01", "x" * 16, GOOD.hex()[:-1], GOOD.hex() + "00", "0 1" * 9, "０１" * 8])
def test_no_components(text: str) -> None:
    """What isn't so many digits is no component, and isn't shown again."""
    with pytest.raises(ComponentError, match="type its 16 digits") as refusal:
        read_component(text, DES, "000000")
    assert len(text) < 3 or text not in str(refusal.value)


def test_mistyped_component() -> None:
    """A component with any digit mistyped has another check value, and isn't shown again."""
    check = component_check(LONG_GOOD)
    for place in range(40):
        digits = list(LONG_GOOD.hex())
        digits[place] = "1" if digits[place] == "0" else "0"
        with pytest.raises(ComponentError, match="compare each digit") as refusal:
            read_component("".join(digits), LONG, check)
        assert "".join(digits) not in str(refusal.value)


def test_components_that_dont_fit() -> None:
    """One component, the same one twice, too many, or those of another key are refused."""
    half = bytes(range(100, 108))
    other = bytes(a ^ b for a, b in zip(GOOD, half, strict=True))
    check = component_check(GOOD)
    assert combined([half, other], DES, check) == GOOD
    for parts, problem in [
        ([], "one person"),
        ([GOOD], "one person"),
        ([bytes([n]) * 8 for n in range(10)], "one person"),
        ([half, half], "cancel each other"),
        ([half, bytes(8)], "another key"),
        ([half, other, bytes(range(8))], "another key"),
    ]:
        with pytest.raises(ComponentError, match=problem):
            combined(parts, DES, check)


def test_nine_components() -> None:
    """A key may be in up to nine hands."""
    parts = [bytes([number] * 8) for number in range(1, 9)]
    last = GOOD
    for part in parts:
        last = bytes(a ^ b for a, b in zip(last, part, strict=True))
    assert combined([*parts, last], DES, component_check(GOOD)) == GOOD


def test_components_of_a_bad_key() -> None:
    """Components that give a key of even parity, or a weak one, are refused though every check value fits."""
    for bad, problem in [(b"\x02" * 7 + b"\x03", "parity"), (b"\x01" * 8, "weak")]:
        half = bytes(range(99, 107))
        other = bytes(a ^ b for a, b in zip(bad, half, strict=True))
        with pytest.raises(WeakKeyError, match=problem):
            combined([half, other], DES, component_check(bad))


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8), st.integers(0, 7))
def test_components_of_odd_parity(one: bytes, other: bytes, place: int) -> None:
    """Two components of odd parity give a key that is made odd; with one parity bit wrong they are refused."""
    first, second = odd_parity(one), odd_parity(other)
    whole = odd_parity(bytes(a ^ b for a, b in zip(first, second, strict=True)))
    if first != second and whole not in DES_WEAK:
        assert combined([first, second], DES, component_check(whole)) == whole
        wrong = second[:place] + bytes([second[place] ^ 1]) + second[place + 1 :]
        with pytest.raises(UmbaneError):
            combined([first, wrong], DES, component_check(whole))


def test_a_weak_key_of_odd_components() -> None:
    """Two components of odd parity that give a weak key are refused."""
    first = odd_parity(bytes(range(50, 58)))
    second = bytes(byte ^ 0xFF for byte in first)
    with pytest.raises(WeakKeyError, match="weak"):
        combined([first, second], DES, component_check(b"\xfe" * 8))
