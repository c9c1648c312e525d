"""The keys of simulated meters: those of the test realm, which anyone can compute and no meter in the field has."""

from collections.abc import Iterable
from typing import Final

from umbane.security import Vault, published_key, published_vault
from umbane.sts import DKGA, KEN, KRN, SGC, VendingKey

__all__ = ["KRNS", "NEVER", "vault_of", "vending_key"]

NEVER: Final = KEN(255)
KRNS: Final = tuple(KRN(number) for number in range(1, 10))
"""Every key revision that there can be."""


def vending_key(sgc: SGC, krn: KRN, *, dkga: DKGA = DKGA.KDF_HMAC_SHA256, ken: KEN = NEVER) -> VendingKey:
    """The test realm's key for unique decoder keys (VUDK) of a supply group."""
    return published_key(sgc, krn, dkga=dkga, ken=ken).key


def vault_of(groups: Iterable[SGC]) -> Vault:
    """Every key of these supply groups."""
    return published_vault((sgc, krn) for sgc in set(groups) for krn in KRNS)
