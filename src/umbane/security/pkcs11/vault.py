"""A token as the vault of a module: vending keys that never leave it, and the decoder keys that it makes."""

from collections.abc import Collection, Sequence
from typing import NoReturn

import numpy as np

from umbane.security.errors import RealmError, UnknownKeyError
from umbane.security.models import KeyName, Realm, VendingKeyName
from umbane.security.pkcs11.cache import CachePolicy, DecoderKeyCache
from umbane.security.pkcs11.errors import TokenKeyError, TokenLostError
from umbane.security.pkcs11.keys import HeldKey
from umbane.security.pkcs11.labels import NO_METER, TokenKey
from umbane.security.pkcs11.pool import Keys, TokenPool
from umbane.security.vault import published_key, refuse_copy
from umbane.sts import EA, TI, DecoderKey, MeterPAN, derivation_data, derive, derived_key
from umbane.sts.batch import DecoderKeys, derivation_rows, derived_keys

__all__ = ["TokenVault"]


class TokenVault:
    """The vending keys of one realm in one token, as they were when it was opened.

    Args:
        pool: sessions with the token.
        realm: what all keys must be of.
        policy: which decoder keys are remembered.

    Raises:
        RealmError: a key is of another realm, or of the test realm whatever it is said to be.
        TokenLostError, TokenPinError, TokenKeyError, KeyClashError: as ``TokenPool.run``.
    """

    def __init__(self, pool: TokenPool, realm: Realm, policy: CachePolicy) -> None:
        self.pool, self.realm, self.cache = pool, realm, DecoderKeyCache(policy)
        self.held = pool.run(dict)
        for held in self.held.values():
            self.require_realm(held.key)

    def __repr__(self) -> str:
        return f"TokenVault({self.realm}, {len(self.held)} keys)"

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def require_realm(self, key: TokenKey) -> None:
        """Refuse a key of another realm."""
        if key.realm is not self.realm:
            raise RealmError(f"the token's key for {key.name} is of the {key.realm} realm, not the {self.realm} realm")
        if self.realm is Realm.TEST:
            return
        public = published_key(key.sgc, key.krn, kt=key.kt, dkga=key.dkga, base_date=key.base_date, ken=key.ken).key
        if derive(public, *NO_METER) == self.made(key, *NO_METER):
            raise RealmError(f"the token's key for {key.name} is the test realm's, which anyone can compute")

    # ----------------------------------------------------------------------------------------------- as a KeyVault

    def names(self) -> Collection[VendingKeyName]:
        """What its vending keys are called."""
        return self.held.keys()

    def check_value(self, name: VendingKeyName) -> str:
        """As ``KeyVault.check_value``."""
        return self.known(name).value

    def decoder_key(self, name: KeyName, pan: MeterPAN, ea: EA) -> DecoderKey:
        """As ``KeyVault.decoder_key``."""
        return self.made(self.known(VendingKeyName(*name[:3])).key, pan, name.ti, ea)

    def decoder_keys(self, meters: Sequence[tuple[KeyName, MeterPAN]], ea: EA) -> DecoderKeys:
        """As ``KeyVault.decoder_keys``."""
        key = self.known(VendingKeyName(*meters[0][0][:3])).key
        pans, tariffs = [pan for _, pan in meters], [name.ti.value for name, _ in meters]
        rows, indices = derivation_rows(key, pans, tariffs, ea)
        content, size = rows.tobytes(), rows.shape[1]
        made = self.applied(key, [content[place : place + size] for place in range(0, len(content), size)])
        words = np.frombuffer(b"".join(one[: ea.key_bits // 8] for one in made), ">u8").astype(np.uint64)
        return derived_keys(key, words.reshape(len(meters), -1), indices, ea)

    # ------------------------------------------------------------------------------------------------- in the token

    def known(self, name: VendingKeyName) -> HeldKey:
        """A vending key as it was when the vault was opened."""
        held = self.held.get(name)
        if held is None:
            raise UnknownKeyError(f"there is no vending key for {name}")
        return held

    def same(self, keys: Keys, name: VendingKeyName) -> HeldKey:
        """A vending key as a session has it now, if it is still the one that it was."""
        held, known = keys.get(name), self.held[name]
        if held is None or (held.key, held.value) != (known.key, known.value):
            raise TokenKeyError(f"the token's key for {name} was changed while it was in use: open the module again")
        return held

    def made(self, key: TokenKey, pan: MeterPAN, ti: TI, ea: EA) -> DecoderKey:
        """The key of one meter."""
        (bits,) = self.applied(key, [derivation_data(key, pan, ti, ea)])
        return derived_key(key, int.from_bytes(bits[: ea.key_bits // 8], "big"), ti, ea)

    def applied(self, key: TokenKey, rows: list[bytes]) -> list[bytes]:
        """What the token makes of these data.

        It is always asked for the first of them: a token that was taken away makes nothing, whatever is remembered.
        """
        known = {row: value for row in rows[1:] if (value := self.cache.get((key.name, row))) is not None}
        asked = [rows[0], *(row for row in rows[1:] if row not in known)]
        try:
            made = self.pool.run(lambda keys: self.same(keys, key.name).derive(asked))
        except TokenLostError:
            self.cache.clear()
            raise
        new = dict(zip(asked, made, strict=True))
        if self.cache.policy.meters:
            self.cache.keep(((key.name, row), value) for row, value in new.items())
        return [new.get(row) or known[row] for row in rows]
