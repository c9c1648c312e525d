"""Decoder keys from vending keys: DKGA02 and DKGA04 of IEC 62055-41 on raw bytes.

DKGA01, restricted to ranges of old meters, and DKGA03, withdrawn, are left out: no public vector tells
whether an implementation of them is right.
"""

import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import ECB

__all__ = ["DES_BYTES", "control_block", "dkga02", "dkga04", "dkga04_data", "pan_block"]

DES_BYTES: Final = 8
BLOCK_DIGITS: Final = 16
COMMON_KEY_TYPE: Final = 3
ANY_PAN: Final = "600727000000000000"
"""What stands for the MeterPAN of a whole group in DKGA04. A choice: one public implementation does so."""


def pan_block(iin: str, drn: str, key_type: int) -> int:
    """The PANBlock: the last 16 digits of IIN and DRN, in BCD (6.5.3.1); for a common key (DCTK) the DRN is zeros."""
    if key_type == COMMON_KEY_TYPE:
        drn = "0" * len(drn)
    return int((iin + drn)[-BLOCK_DIGITS:].zfill(BLOCK_DIGITS), 16)


def control_block(key_type: int, sgc: str, ti: str, krn: int) -> int:
    """The CONTROLBlock: KT, SGC, TI, KRN in BCD, then ones."""
    return int(f"{key_type}{sgc}{ti}{krn}FFFFFF", 16)


def des(key: bytes) -> "Cipher[ECB]":
    """Single DES, as the triple DES of one key three times."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415 - only DKGA02 needs it
    from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415 - as above

    return Cipher(TripleDES(key * 3), modes.ECB())  # noqa: S305 - the standard's own algorithm


def dkga02(vending_key: bytes, data: bytes) -> int:
    """DKGA02: DES of PANBlock xor CONTROLBlock, fed forward with both its input and its key.

    Args:
        vending_key: 8 bytes.
        data: PANBlock xor CONTROLBlock, 8 bytes.

    Returns:
        The decoder key, 64 bits.
    """
    enciphered = int.from_bytes(des(vending_key).encryptor().update(data), "big")
    return enciphered ^ int.from_bytes(data, "big") ^ int.from_bytes(vending_key, "big")


def dkga04_data(  # noqa: PLR0913 - the seven fields of the standard's DataBlock
    *, base: str, ea: int, ti: str, sgc: str, key_type: int, krn: int, pan: str
) -> bytes:
    """The 49 bytes that DKGA04 authenticates: label, context and length of the key (NIST SP 800-108)."""
    label = (b"04", base.encode(), b"%02d" % ea, ti.encode())
    context = (sgc.encode(), b"%d" % key_type, b"%d" % krn, (ANY_PAN if key_type == COMMON_KEY_TYPE else pan).encode())
    key_bits = 64 if ea == 7 else 128  # noqa: PLR2004 - EA07 and EA11
    return counted(label) + b"\0" + counted(context) + key_bits.to_bytes(4, "big")


def counted(fields: tuple[bytes, ...]) -> bytes:
    """The number of fields, then each behind its length."""
    return bytes([len(fields)]) + b"".join(bytes([len(field)]) + field for field in fields)


def dkga04(vending_key: bytes, data: bytes) -> int:
    """DKGA04: the leftmost 64 or 128 bits of HMAC-SHA-256, as many as ``data`` says at its end.

    Args:
        vending_key: 20 bytes.
        data: from ``dkga04_data``.

    Returns:
        The decoder key, 64 or 128 bits.
    """
    digest = hmac.digest(vending_key, data, "sha256")
    return int.from_bytes(digest[: int.from_bytes(data[-4:], "big") // 8], "big")
