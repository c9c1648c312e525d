"""Decoder keys for arrays of meters: DKGA02 and DKGA04 on raw bytes (IEC 62055-41 6.5.3)."""

from typing import Final

import numpy as np
from cryptography.hazmat.primitives import hashes, hmac
from numpy.typing import NDArray

from umbane.sts.batch.arrays import U8, U64
from umbane.sts.hazmat.dkga import COMMON_KEY_TYPE, control_block, des, dkga04_data
from umbane.sts.keys import KeyAttributes, VendingKey
from umbane.sts.parameters import EA

__all__ = ["dkga02_keys", "dkga02_rows", "dkga04_keys", "dkga04_rows"]

ZERO: Final = ord("0")

PAN_PLACE: Final = "P" * 18
TI_PLACE: Final = "TT"
"""What marks the places of MeterPAN and TI in the data of DKGA04."""

DIGEST_BYTES: Final = 32


def dkga02_keys(vending_key: VendingKey, pans: U8, ti: U8) -> U64:
    """DKGA02 for every row.

    Args:
        vending_key: one for DKGA02.
        pans: rows of 18 ASCII digits.
        ti: tariff indices.
    """
    data = dkga02_rows(vending_key, pans, ti)
    enciphered = np.frombuffer(des(vending_key.secret).encryptor().update(data.tobytes()), ">u8")
    keys: U64 = (enciphered ^ data.view(">u8")[:, 0] ^ int.from_bytes(vending_key.secret, "big")).astype(np.uint64)
    return keys


def dkga02_rows(key: KeyAttributes, pans: U8, ti: U8) -> U8:
    """What DKGA02 enciphers, one row of 8 bytes for each meter."""
    pan_digits = pans[:, 1:17] - ZERO  # the last sixteen digits of IIN and DRN
    if key.kt == COMMON_KEY_TYPE:
        pan_digits[from_drn(pans)] = 0
    pan_blocks = (pan_digits[:, ::2] << 4 | pan_digits[:, 1::2]).view(">u8").reshape(-1)
    controls = np.array(
        [control_block(key.kt, str(key.sgc), f"{index:02}", key.krn.value) for index in range(100)], np.uint64
    )
    rows: U8 = (pan_blocks ^ controls[ti]).astype(">u8").reshape(-1, 1).view(np.uint8)
    return rows


def from_drn(pans: U8) -> NDArray[np.bool_]:
    """Which of the last sixteen digits of IIN and DRN belong to the DRN: 13 of them behind IIN 0000, else 11."""
    long_drn = (pans[:, :4] == ZERO).all(axis=1)
    return np.arange(16) >= np.where(long_drn, 3, 5)[:, np.newaxis]


def dkga04_keys(vending_key: VendingKey, pans: U8, ti: U8, ea: EA) -> U64:
    """DKGA04 for every row: one column of 64 bits for EA07, two (high, low) for EA11.

    Args:
        vending_key: one for DKGA04.
        pans: rows of 18 ASCII digits.
        ti: tariff indices.
        ea: what the keys are for.
    """
    start, digests = hmac.HMAC(vending_key.secret, hashes.SHA256()), []
    for data in dkga04_texts(vending_key, pans, ti, ea):
        mac = start.copy()
        mac.update(data)
        digests.append(mac.finalize())
    words = np.frombuffer(b"".join(digests), ">u8").reshape(-1, DIGEST_BYTES // 8)
    return words[:, : ea.key_bits // 64].astype(np.uint64)


def dkga04_rows(key: KeyAttributes, pans: U8, ti: U8, ea: EA) -> U8:
    """What DKGA04 authenticates, one row of bytes for each meter."""
    return np.frombuffer(b"".join(dkga04_texts(key, pans, ti, ea)), np.uint8).reshape(len(pans), -1)


def dkga04_texts(key: KeyAttributes, pans: U8, ti: U8, ea: EA) -> list[bytes]:
    """What DKGA04 authenticates for each meter; the same for all but for MeterPAN and TI."""
    template = dkga04_data(
        base=key.base_date.value,
        ea=ea,
        ti=TI_PLACE,
        sgc=str(key.sgc),
        key_type=key.kt,
        krn=key.krn.value,
        pan=PAN_PLACE,
    )
    start, behind = template.split(TI_PLACE.encode())
    middle, *end = behind.split(PAN_PLACE.encode())
    if not end:  # a common key is the same for every meter
        return [b"%b%02d%b" % (start, index, middle) for index in ti.tolist()]
    numbers = np.ascontiguousarray(pans).view(f"S{len(PAN_PLACE)}").reshape(-1).tolist()
    return [
        b"%b%02d%b%b%b" % (start, index, middle, pan, *end) for pan, index in zip(numbers, ti.tolist(), strict=True)
    ]
