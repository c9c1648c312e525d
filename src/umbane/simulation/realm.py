"""The keys of simulated meters: those of the test realm, which anyone can compute and no meter in the field has."""

from typing import Final

from umbane.security import published_key
from umbane.sts import DKGA, KEN, KRN, SGC, VendingKey

__all__ = ["vending_key"]

NEVER: Final = KEN(255)


def vending_key(sgc: SGC, krn: KRN, *, dkga: DKGA = DKGA.KDF_HMAC_SHA256, ken: KEN = NEVER) -> VendingKey:
    """The test realm's key for unique decoder keys (VUDK) of a supply group."""
    return published_key(sgc, krn, dkga=dkga, ken=ken).key
