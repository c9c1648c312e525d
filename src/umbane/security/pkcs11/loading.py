"""Vending keys into a token: unwrapped there, or made there. They have no other way in, and none out."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import MGF, Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, PKCS11Error
from pkcs11.exceptions import NoSuchKey

from umbane.security.errors import KeyClashError, RealmError
from umbane.security.pkcs11.errors import TokenKeyError, TokenLostError
from umbane.security.pkcs11.keys import FEEDBACK_BYTES, GUARDED, KINDS, Handle, HeldKey, seal, value_of
from umbane.security.pkcs11.labels import DES_BLOCK, NO_METER, TokenKey
from umbane.security.pkcs11.library import library, pin_of
from umbane.security.pkcs11.pool import keys_in
from umbane.security.pkcs11.setting import TokenSetting
from umbane.security.pkcs11.wrapping import WrappedKey, check_digits
from umbane.sts import DKGA, derivation_data

__all__ = ["TokenLoader"]

PAIR: Final = "umbane-wrapping"
RSA_BITS: Final = 3072

MAY: Final = {
    DKGA.DES: MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
    DKGA.KDF_HMAC_SHA256: MechanismFlag.SIGN,
}
"""What a vending key is for; the token refuses everything else."""

SECRET: Final = {
    **GUARDED,
    Attribute.LOCAL: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.NEVER_EXTRACTABLE: True,
}
"""What must be so of the private half: made in the token, and nowhere else at any time."""

OAEP: Final = (Mechanism.SHA_1, MGF.SHA1, None)


class TokenLoader:
    """A session that may write. Use it as a context manager, and only while keys are loaded.

    Args:
        setting: which token.

    Raises:
        TokenSettingError: the library can't be loaded.
        TokenPinError: the token refuses the PIN, or the PIN can't be read.
        TokenLostError: the token isn't there; by every method, it went away or can't do that.
    """

    def __init__(self, setting: TokenSetting) -> None:
        self.library, self.title = library(setting.library), setting.title
        with self.told():
            self.session = self.library.signed_in(setting, pin_of(setting), writing=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PKCS11Error), self.library.turn:
            self.session.close()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say in our words what the token can't do; calls take turns."""
        try:
            with self.library.turn:
                yield
        except PKCS11Error as error:
            problem = f"{self.title} can't do that, or can't be reached ({type(error).__name__})"
            raise TokenLostError(f"{problem}: look which keys are in it") from None

    # ------------------------------------------------------------------------------------------------ the token's pair

    def make_pair(self, bits: int = RSA_BITS) -> None:
        """Make the pair of RSA keys to which vending keys are wrapped; the private half never leaves the token.

        Raises:
            KeyClashError: it has one.
        """
        with self.told(), suppress(NoSuchKey):
            self.session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=PAIR)
            raise KeyClashError("the token has its pair already: keys on their way to it are wrapped to that one")
        with self.told():
            self.session.generate_keypair(
                KeyType.RSA,
                bits,
                label=PAIR,
                store=True,
                capabilities=MechanismFlag.WRAP | MechanismFlag.UNWRAP,
                private_template={**GUARDED, Attribute.MODIFIABLE: False},
            )

    def public_key(self) -> bytes:
        """The public half, in DER: give it to whom shall wrap keys.

        Raises:
            TokenKeyError: there is no pair, or not one that only the token knows.
        """
        with self.told():
            found = self.pair().attributes(Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
        modulus, exponent = (
            int.from_bytes(found[name], "big") for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
        )
        key = RSAPublicNumbers(exponent, modulus).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def pair(self) -> Handle:
        """The private half, which says what the public one is: anybody could put another one beside it."""
        with self.told():
            try:
                private = self.session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=PAIR)
            except NoSuchKey:
                raise TokenKeyError("the token has no pair to wrap keys to: make it first") from None
            handle = Handle(private, self.library)
            if handle.attributes(*SECRET) != SECRET:
                raise TokenKeyError("the token's pair wasn't made in it, or could be taken out: others may know it")
        return handle

    # --------------------------------------------------------------------------------------------------- vending keys

    def load(self, wrapped: WrappedKey) -> str:
        """Unwrap a vending key inside; the check value, for comparison with the one where it came from.

        The same key with another KEN takes the place of the one it was.

        Raises:
            KeyClashError: another key of that name is there.
            RealmError: keys of another realm are there.
            TokenKeyError: the token can't unwrap it, or understood something else.
        """
        key, pair = wrapped.key, self.pair()
        if len(wrapped.feedback) != FEEDBACK_BYTES[key.dkga]:
            raise TokenKeyError(f"{key.label!r} doesn't come with what its algorithm needs: was it altered?")
        how: dict[str, Any] = {"mechanism": Mechanism.RSA_PKCS_OAEP, "mechanism_param": OAEP}
        try:
            unwrapped = pair.unwrap(KINDS[key.dkga], wrapped.secret, **how, **template(key))
        except PKCS11Error as error:
            problem = f"the token can't unwrap {key.label!r} ({type(error).__name__})"
            raise TokenKeyError(f"{problem}: was it wrapped for another one, or altered?") from None
        return self.placed(key, Handle(unwrapped, self.library), wrapped.feedback, wrapped.check)

    def generate(self, key: TokenKey) -> str:
        """Make a vending key inside; the check value.

        Raises:
            KeyClashError, RealmError: as ``load``.
            TokenKeyError: it is a DES key, or the token makes no HMAC with keys of 20 bytes; SoftHSM is such a one.
        """
        if key.dkga is DKGA.DES:
            raise TokenKeyError("a DES key isn't made here: make one for DKGA04, or load the one that the meters have")
        with self.told():
            bits = 8 * key.dkga.vending_key_bytes
            made = self.session.generate_key(KeyType.GENERIC_SECRET, bits, **template(key))
        return self.placed(key, Handle(made, self.library), b"", None)

    def placed(self, key: TokenKey, handle: Handle, feedback: bytes, check: str | None) -> str:
        """Put a key that is in the session only into the token, when it is what it should be."""
        try:
            identity = seal(handle, key, feedback) + feedback
            value = value_of(handle, key)
            (made,) = HeldKey(key, handle, feedback, value).derive([derivation_data(key, *NO_METER)])
        except PKCS11Error as error:
            raise TokenKeyError(f"the token can't use {key.label!r} ({type(error).__name__}): it is not kept") from None
        if check not in {None, check_digits(key, int.from_bytes(made[:DES_BLOCK], "big"))}:
            raise TokenKeyError(f"the token understood {key.label!r} as another key than was wrapped: it is not kept")
        self.make_room(key, value)
        with self.told():
            lasting = {Attribute.TOKEN: True, Attribute.ID: identity, Attribute.MODIFIABLE: False}
            handle.handle.copy(lasting)
        return value

    def make_room(self, key: TokenKey, value: str) -> None:
        """Take the same key with another KEN out; refuse what doesn't go with the keys that are there."""
        with self.told():
            present = keys_in(self.session, self.library)
        if any(held.key.realm is not key.realm for held in present.values()):
            raise RealmError(f"the token has keys of another realm than {key.label!r}: give each realm a token")
        held = present.get(key.name)
        if held and held.value != value:
            raise KeyClashError(f"the token has another key for {key.name}: a new key needs a new KRN")
        if held:
            with self.told():
                held.handle.handle.destroy()


def template(key: TokenKey) -> dict[str, Any]:
    """How a vending key is made, before it is put into the token."""
    return {"label": key.label, "capabilities": MAY[key.dkga], "template": {**GUARDED, Attribute.PRIVATE: True}}
