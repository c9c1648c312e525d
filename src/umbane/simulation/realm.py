"""The test realm: vending keys that anyone can compute from their names, and that no meter in the field has."""

from hashlib import sha256
from typing import Final

from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate, VendingKey

__all__ = ["vending_key"]

REALM: Final = "umbane test realm"


def vending_key(sgc: SGC, krn: KRN, *, dkga: DKGA = DKGA.KDF_HMAC_SHA256, ken: KEN = KEN(255)) -> VendingKey:  # noqa: B008 - a frozen value
    """The test realm's key for unique decoder keys (VUDK) of a supply group.

    Raises:
        StsInputError: never for the values these types can hold.
    """
    digest = sha256(f"{REALM} {sgc} {krn} {dkga}".encode()).digest()
    secret = digest[: dkga.vending_key_bytes]
    if dkga is DKGA.DES:
        secret = bytes(byte ^ (byte.bit_count() % 2 == 0) for byte in secret)  # odd parity, as DES keys have
    return VendingKey(secret, dkga, sgc, krn, KT.DUTK, BaseDate.Y2014, ken)
