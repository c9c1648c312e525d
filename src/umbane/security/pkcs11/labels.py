"""What the token says of a key, beside its bits: all attributes of a vending key in its label, and a seal over them.

The label is ``umbane test 123456 1 2 04 14 255``: realm, SGC, KRN, KT, DKGA, BDT and KEN. The seal is made with the key
itself, inside the token, and stands in its CKA_ID: a label that was put on another key, or altered, doesn't fit it.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from umbane.errors import UmbaneError
from umbane.security.models import Realm, VendingKeyName
from umbane.security.pkcs11.errors import TokenKeyError
from umbane.security.vault import RealmKey
from umbane.sts import DKGA, DRN, EA, KEN, KRN, KT, SGC, TI, BaseDate, MeterPAN

__all__ = ["DES_BLOCK", "NO_METER", "OWNER", "SEAL_BYTES", "TokenKey", "sealed_text"]

OWNER: Final = "umbane"
"""What the labels of our keys begin with."""

NO_METER: Final = (MeterPAN.from_drn(DRN.from_parts(0, 0)), TI(0), EA.STA)
"""Whose decoder key two places compare to know that they have one vending key."""

SEAL_BYTES: Final = 8
DES_BLOCK: Final = 8


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A vending key in a token: what it is called and what it is for, and nothing of its bits."""

    realm: Realm
    sgc: SGC
    krn: KRN
    kt: KT
    dkga: DKGA
    base_date: BaseDate
    ken: KEN

    @classmethod
    def of(cls, held: RealmKey) -> Self:
        """The attributes of a key in memory."""
        key = held.key
        return cls(held.realm, key.sgc, key.krn, key.kt, key.dkga, key.base_date, key.ken)

    @classmethod
    def parse(cls, label: str) -> Self:
        """Read a label.

        Raises:
            TokenKeyError: it isn't one that we write.
        """
        try:
            _, realm, sgc, krn, kt, dkga, base_date, ken = label.split(" ")
            key = cls(
                Realm(realm),
                SGC.parse(sgc),
                KRN(int(krn)),
                KT(int(kt)),
                DKGA(int(dkga)),
                BaseDate(base_date),
                KEN(int(ken)),
            )
        except (ValueError, UmbaneError) as error:
            raise TokenKeyError(f"the token has a key labelled {label!r}, which says nothing of a key") from error
        if key.label != label:
            raise TokenKeyError(f"the token has a key labelled {label!r}, and would have {key.label!r}")
        return key

    @property
    def label(self) -> str:
        """The label."""
        words = (self.sgc, self.krn, self.kt.value, f"{self.dkga:02d}", self.base_date, self.ken)
        return f"{OWNER} {self.realm} {' '.join(map(str, words))}"

    @property
    def name(self) -> VendingKeyName:
        """What it is called."""
        return VendingKeyName(self.sgc, self.krn, self.kt)

    @property
    def check_context(self) -> bytes:
        """What its check value is made over; for DKGA04 it is the check value that a vault in memory has."""
        return f"umbane check value {self.dkga} {self.base_date} {self.sgc} {self.krn} {self.kt}".encode()


def sealed_text(key: TokenKey, feedback: bytes) -> bytes:
    """What the seal of a key is made over."""
    return sha256(f"umbane key {key.label} ".encode() + feedback).digest()
