"""Where decoder keys come from: vending keys by their names, in memory or in a device that never lets them go."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from umbane.security.models import KeyName, Realm, VendingKeyName
from umbane.sts import EA, DecoderKey, MeterPAN

if TYPE_CHECKING:
    from umbane.sts.batch import DecoderKeys

__all__ = ["KeyVault"]


class KeyVault(Protocol):
    """Vending keys of one realm. A module asks it for the keys of meters, and never for a vending key."""

    @property
    def realm(self) -> Realm:
        """Which world its keys belong to."""

    def names(self) -> Collection[VendingKeyName]:
        """What its vending keys are called."""

    def check_value(self, name: VendingKeyName) -> str:
        """What tells a key from any other that would make other tokens: a few digits that say nothing of its bits.

        Raises:
            UnknownKeyError: it isn't there.
        """

    def decoder_key(self, name: KeyName, pan: MeterPAN, ea: EA) -> DecoderKey:
        """The key of one meter.

        Raises:
            UnknownKeyError: there is no vending key for it.
            StsInputError: the vending key makes no keys for that algorithm.
        """

    def decoder_keys(self, meters: Sequence[tuple[KeyName, MeterPAN]], ea: EA) -> "DecoderKeys":
        """The keys of many meters of one vending key and one algorithm; errors as ``decoder_key``."""
