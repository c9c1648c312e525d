"""The bits of vending keys: made by chance or put together from components, and refused when they are no good."""

from collections.abc import Sequence
from hmac import digest
from typing import Final

from umbane.keycentre.entropy import Entropy
from umbane.keycentre.errors import ComponentError, EntropyError, WeakKeyError
from umbane.sts import DKGA

__all__ = ["combined", "component_check", "new_secret", "read_component", "require_sound"]

WEAK: Final = """
0101010101010101 fefefefefefefefe e0e0e0e0f1f1f1f1 1f1f1f1f0e0e0e0e
011f011f010e010e 1f011f010e010e01 01e001e001f101f1 e001e001f101f101
01fe01fe01fe01fe fe01fe01fe01fe01 1fe01fe00ef10ef1 e01fe01ff10ef10e
1ffe1ffe0efe0efe fe1ffe1ffe0efe0e e0fee0fef1fef1fe fee0fee0fef1fef1
"""
"""The four weak keys of DES in the first line (NIST SP 800-67), and below it the six pairs of semi-weak ones."""
DES_WEAK: Final = frozenset(map(bytes.fromhex, WEAK.split()))
FEWEST_VALUES: Final = 8
"""Different bytes that a key of 20 has at least: by chance one of 2^64 has fewer, by mistake most have."""
CHECK_DIGITS: Final = 6
DES_BYTES: Final = 8
ATTEMPTS: Final = 4
"""At making a DES key that isn't weak: the first one is, but for one in 2^52."""
MOST_COMPONENTS: Final = 9


def new_secret(dkga: DKGA, entropy: Entropy) -> bytes:
    """The bits of a new vending key.

    Raises:
        EntropyError: the source of chance fails.
    """
    for _ in range(ATTEMPTS):
        secret = entropy.draw(dkga.vending_key_bytes)
        if dkga is DKGA.DES:
            secret = odd_parity(secret)
        try:
            require_sound(dkga, secret)
        except WeakKeyError:
            continue
        return secret
    raise EntropyError("the source of chance gives weak keys again and again")


def odd_parity(secret: bytes) -> bytes:
    """The same with the lowest bit of each byte such that the number of ones is odd, as DES keys have it."""
    return bytes(byte ^ (byte.bit_count() % 2 == 0) for byte in secret)


def require_sound(dkga: DKGA, secret: bytes) -> None:
    """Refuse bits that must not be a vending key; nothing of them is told.

    Raises:
        WeakKeyError: they are of another length, of even parity, weak or semi-weak, or plainly not random.
    """
    wanted = dkga.vending_key_bytes
    if len(secret) != wanted:
        raise WeakKeyError(f"the key has {len(secret)} bytes, and {dkga.name} needs {wanted}")
    if dkga is DKGA.DES:
        if odd_parity(secret) != secret:
            raise WeakKeyError("the key has a byte of even parity: a digit is wrong, or a component is missing")
        if secret in DES_WEAK:
            raise WeakKeyError("the key is one of the weak or semi-weak keys of DES")
    elif len(set(secret)) < FEWEST_VALUES:
        raise WeakKeyError("the key is plainly not random: it has hardly any different bytes")


# ----------------------------------------------------------------------------------------------------------- components


def component_check(secret: bytes) -> str:
    """Six digits by which paper tells a component, or a whole key, from one with a digit mistyped.

    Of 8 bytes the usual one: what DES makes of zeros. For 20 bytes there is no usual one, and this is ours: what
    HMAC-SHA-256 makes of nothing.
    """
    if len(secret) == DES_BYTES:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415 - seldom needed
        from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415 - seldom needed

        des = Cipher(TripleDES(secret * 3), modes.ECB())  # noqa: S305 - check values are made so
        return des.encryptor().update(bytes(DES_BYTES)).hex()[:CHECK_DIGITS]
    return digest(secret, b"", "sha256").hex()[:CHECK_DIGITS]


def read_component(text: str, dkga: DKGA, check: str) -> bytes:
    """A component as typed from paper.

    Args:
        text: hexadecimal digits, spaced in any way.
        dkga: of the key that it is a part of.
        check: the six digits that the ceremony file has for it.

    Raises:
        ComponentError: it isn't so many digits, or another one. The error shows nothing of it.
    """
    digits = 2 * dkga.vending_key_bytes
    try:
        component = bytes.fromhex(text)
    except ValueError:
        component = b""
    if len(component) != dkga.vending_key_bytes:
        raise ComponentError("component", "that isn't one", f"type its {digits} digits, 0-9 and A-F")
    if component_check(component) != check.lower():
        problem = "its check value is another than the ceremony file's: a digit is mistyped, or it is another paper"
        raise ComponentError("component", problem, "compare each digit with the paper")
    return component


def combined(components: Sequence[bytes], dkga: DKGA, check: str) -> bytes:
    """The key that is the exclusive or of its components.

    Components of a DES key may have odd parity each, as many devices write them. An even number of those has even
    parity together, which is then made odd, as those devices do.

    Raises:
        ComponentError: there are fewer than two, or two are the same, or the whole has another check value.
        WeakKeyError: what they give must not be a key.
    """
    if not 2 <= len(components) <= MOST_COMPONENTS:  # noqa: PLR2004 - with one, one person would have the key
        raise ComponentError("components", "one person would have the key", f"give 2 to {MOST_COMPONENTS}")
    if len(set(components)) != len(components):
        raise ComponentError("components", "two are the same and cancel each other", "type each paper once")
    secret = bytes(dkga.vending_key_bytes)
    for component in components:
        secret = bytes(a ^ b for a, b in zip(secret, component, strict=True))
    if dkga is DKGA.DES and len(components) % 2 == 0 and all(odd_parity(it) == it for it in components):
        secret = odd_parity(secret)
    if component_check(secret) != check.lower():
        raise ComponentError(
            "components", "together they give another key than the file says", "bring the right papers"
        )
    require_sound(dkga, secret)
    return secret
