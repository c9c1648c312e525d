"""The vending keys on the other side: what they are called and what they are for. Their bits are not ours to know."""

from collections.abc import Iterable
from dataclasses import dataclass

from umbane.security.errors import UnknownKeyError
from umbane.security.models import KeyName, Realm, VendingKeyName
from umbane.security.prism.errors import PrismSettingError
from umbane.sts import DKGA, EA, KEN, KRN, KT, SGC, BaseDate, DecoderKey, derived_key
from umbane.sts.keys import require_made

__all__ = ["KeyTable", "PrismKey"]


@dataclass(frozen=True, slots=True)
class PrismKey:
    """The attributes of a vending key, as ``umbane.sts.VendingKey`` has them."""

    sgc: SGC
    krn: KRN
    kt: KT = KT.DUTK
    dkga: DKGA = DKGA.KDF_HMAC_SHA256
    base_date: BaseDate = BaseDate.Y2014
    ken: KEN = KEN(255)  # noqa: RUF009 - a frozen value

    @property
    def name(self) -> VendingKeyName:
        """What it is called."""
        return VendingKeyName(self.sgc, self.krn, self.kt)


class KeyTable:
    """The vending keys of a module, of one realm. The interface knows a key by SGC and KRN only, so no two share them.

    Args:
        realm: which world they belong to.
        keys: of those of one supply group, the newest is last.

    Raises:
        PrismSettingError: two have the same SGC and KRN.
    """

    def __init__(self, realm: Realm, keys: Iterable[PrismKey]) -> None:
        self.realm = realm
        self.keys: dict[tuple[int, int], PrismKey] = {}
        for key in keys:
            if self.keys.setdefault((key.sgc.value, key.krn.value), key) is not key:
                problem = f"two have SGC {key.sgc} KRN {key.krn}"
                raise PrismSettingError("keys", problem, "give key types supply groups of their own")

    def key(self, name: KeyName | VendingKeyName) -> PrismKey:
        """A key by its name.

        Raises:
            UnknownKeyError: it isn't there.
        """
        key = self.keys.get((name.sgc.value, name.krn.value))
        if key is None or key.kt is not name.kt:
            raise UnknownKeyError(f"there is no vending key for {VendingKeyName(*name[:3])}")
        return key

    def newest(self, sgc: int) -> PrismKey | None:
        """The newest key of a supply group."""
        return next((key for key in reversed(self.keys.values()) if key.sgc.value == sgc), None)

    def stand_in(self, name: KeyName, ea: EA) -> DecoderKey:
        """The key of a meter with all bits zero: by it the standard says whether a token may be made.

        Raises:
            UnknownKeyError: its vending key isn't there.
            StsInputError: that makes no keys for this algorithm.
        """
        key = self.key(name)
        require_made(key.dkga, ea)
        return derived_key(key, 0, name.ti, ea)
