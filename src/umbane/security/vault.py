"""The vending keys of a module, by their names, all of one realm."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest
from typing import TYPE_CHECKING, Final, NoReturn

from umbane.security.errors import KeyClashError, RealmError, UnknownKeyError
from umbane.security.models import KeyName, Realm, VendingKeyName
from umbane.sts import DKGA, EA, KEN, KRN, KT, SGC, BaseDate, DecoderKey, MeterPAN, VendingKey, derive

if TYPE_CHECKING:
    from umbane.sts.batch import DecoderKeys

__all__ = ["RealmKey", "Vault", "check_value", "published_key", "published_vault"]

TEST_REALM: Final = "umbane test realm"
NEVER: Final = KEN(255)

CHECK_DIGITS: Final = 6
"""Of a check value: 24 bits, as usual for keys. They tell two keys apart, and give away no more than any token does."""


@dataclass(frozen=True, slots=True)
class RealmKey:
    """A vending key and the world it belongs to."""

    realm: Realm
    key: VendingKey

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)


class Vault:
    """Vending keys in memory, all of one realm.

    Its repr shows how many, never which bits, and it can't be copied or pickled.

    Raises:
        RealmError: one of the keys is of another realm, or of the test realm whatever it is said to be.
        KeyClashError: two keys have one name.
    """

    def __init__(self, realm: Realm, keys: Iterable[RealmKey] = ()) -> None:
        self.realm = realm
        self.keys: dict[tuple[SGC, KRN, KT], VendingKey] = {}
        for held in keys:
            self.add(held)

    def __repr__(self) -> str:
        return f"Vault({self.realm}, {len(self.keys)} keys)"

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def add(self, held: RealmKey) -> None:
        """Take a key in; the same key with another KEN takes the place of the one it was.

        Raises:
            RealmError: it is of another realm, or of the test realm whatever it is said to be.
            KeyClashError: another key of that name is there.
        """
        key = held.key
        if held.realm is not self.realm:
            raise RealmError(f"{titled(key)} is of the {held.realm} realm, and this vault of the {self.realm} realm")
        if self.realm is not Realm.TEST and compare_digest(key.secret, published_secret(key.sgc, key.krn, key.dkga)):
            raise RealmError(f"{titled(key)} is the test realm's, which anyone can compute: it must not go any further")
        present = self.keys.setdefault((key.sgc, key.krn, key.kt), key)
        if check_value(present) != check_value(key):
            raise KeyClashError(f"another key is there as {titled(key)}: a new key needs a new KRN")
        self.keys[key.sgc, key.krn, key.kt] = key

    def vending_key(self, name: KeyName | VendingKeyName) -> VendingKey:
        """The vending key that a decoder key comes from.

        Raises:
            UnknownKeyError: it isn't there.
        """
        key = self.keys.get(name[:3])
        if key is None:
            raise UnknownKeyError(f"there is no vending key for SGC {name.sgc} KRN {name.krn} {name.kt.name}")
        return key

    # ------------------------------------------------------------------------------------------------- as a KeyVault

    def names(self) -> Collection[VendingKeyName]:
        """What its vending keys are called."""
        return [VendingKeyName(*name) for name in self.keys]

    def check_value(self, name: VendingKeyName) -> str:
        """As ``KeyVault.check_value``."""
        return check_value(self.vending_key(name))

    def decoder_key(self, name: KeyName, pan: MeterPAN, ea: EA) -> DecoderKey:
        """As ``KeyVault.decoder_key``."""
        return derive(self.vending_key(name), pan, name.ti, ea)

    def decoder_keys(self, meters: Sequence[tuple[KeyName, MeterPAN]], ea: EA) -> "DecoderKeys":
        """As ``KeyVault.decoder_keys``."""
        from umbane.sts.batch import derive_keys  # noqa: PLC0415 - who only holds keys doesn't wait for NumPy

        key = self.vending_key(meters[0][0])
        return derive_keys(key, [pan for _, pan in meters], [name.ti.value for name, _ in meters], ea)


def titled(key: VendingKey) -> str:
    """What to call a key in an error."""
    return f"the key for SGC {key.sgc} KRN {key.krn} {key.kt.name}"


def refuse_copy(value: object) -> NoReturn:
    """Refuse to be pickled or copied."""
    raise TypeError(f"a {type(value).__name__} is not copied: keys stay where they are")


def check_value(key: VendingKey) -> str:
    """What tells a key from any other that would make other tokens: a few digits that say nothing of its bits."""
    context = f"umbane check value {key.dkga} {key.base_date} {key.sgc} {key.krn} {key.kt}"
    return digest(key.secret, context.encode(), "sha256").hex()[:CHECK_DIGITS]


def published_key(  # noqa: PLR0913 - the attributes of a vending key
    sgc: SGC,
    krn: KRN,
    *,
    kt: KT = KT.DUTK,
    dkga: DKGA = DKGA.KDF_HMAC_SHA256,
    base_date: BaseDate = BaseDate.Y2014,
    ken: KEN = NEVER,
) -> RealmKey:
    """The test realm's vending key of a supply group: anyone can compute it from its name, and no meter has it."""
    return RealmKey(Realm.TEST, VendingKey(published_secret(sgc, krn, dkga), dkga, sgc, krn, kt, base_date, ken))


def published_secret(sgc: SGC, krn: KRN, dkga: DKGA) -> bytes:
    """The bits of the test realm's key."""
    secret = sha256(f"{TEST_REALM} {sgc} {krn} {dkga}".encode()).digest()[: dkga.vending_key_bytes]
    if dkga is DKGA.DES:
        return bytes(byte ^ (byte.bit_count() % 2 == 0) for byte in secret)  # odd parity, as DES keys have
    return secret


def published_vault(names: Iterable[tuple[SGC, KRN]]) -> Vault:
    """A vault of the test realm with the keys for unique decoder keys (VUDK) of these groups and revisions."""
    return Vault(Realm.TEST, [published_key(sgc, krn) for sgc, krn in names])
