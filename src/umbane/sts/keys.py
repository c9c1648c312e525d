"""Vending keys, and the decoder keys that come from them by DKGA02 and DKGA04 of IEC 62055-41."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from umbane.sts.checks import require_secret, require_types
from umbane.sts.errors import KeyUseError, StsInputError
from umbane.sts.hazmat.dkga import DES_BYTES, control_block, dkga02, dkga04, dkga04_data, pan_block
from umbane.sts.identifiers import MeterPAN
from umbane.sts.parameters import DKGA, EA, KEN, KRN, KT, SGC, TI, BaseDate

__all__ = ["DecoderKey", "KeyAttributes", "VendingKey", "derivation_data", "derive", "derived_key", "require_made"]


class KeyAttributes(Protocol):
    """A vending key without its bits, as somebody has it whose key is in a device; see ``VendingKey``."""

    @property
    def dkga(self) -> DKGA:
        """How decoder keys come from it."""

    @property
    def sgc(self) -> SGC:
        """The supply group."""

    @property
    def krn(self) -> KRN:
        """Its revision."""

    @property
    def kt(self) -> KT:
        """The type of the decoder keys."""

    @property
    def base_date(self) -> BaseDate:
        """What TIDs under its decoder keys count from."""

    @property
    def ken(self) -> KEN:
        """Until when they may be used."""


@dataclass(frozen=True, slots=True)
class VendingKey:
    """The key of a supply group, from which the key of each of its meters comes.

    A process that holds one can print money. This software implementation is for tests, simulation, development
    and verification; sales to meters in the field belong into a certified security module.

    Attributes:
        secret: 8 bytes of odd parity for DKGA02, 20 bytes for DKGA04; never shown.
        dkga: how decoder keys come from it.
        sgc: the supply group.
        krn: its revision.
        kt: the type of the decoder keys: DDTK from a VDDK, DUTK from a VUDK, DCTK from a VCDK. Not DITK.
        base_date: what TIDs under its decoder keys count from.
        ken: until when they may be used.

    Raises:
        StsInputError: a field is wrong; the error names it and shows nothing of the secret.
    """

    secret: bytes = field(repr=False)
    dkga: DKGA
    sgc: SGC
    krn: KRN
    kt: KT
    base_date: BaseDate
    ken: KEN = KEN(255)  # noqa: RUF009 - a frozen value

    def __post_init__(self) -> None:
        require_types((self.dkga, DKGA), (self.sgc, SGC), (self.krn, KRN), (self.kt, KT))
        require_types((self.base_date, BaseDate), (self.ken, KEN))
        wanted = self.dkga.vending_key_bytes
        if type(self.secret) is not bytes or len(self.secret) != wanted:
            raise StsInputError("VendingKey", "its secret isn't bytes of the right number", f"give {wanted} bytes")
        if self.dkga is DKGA.DES and any(byte.bit_count() % 2 == 0 for byte in self.secret):
            raise StsInputError("VendingKey", "a byte of the DES key has even parity", "give a key of odd parity")
        if self.kt is KT.DITK:
            raise StsInputError("KT", "no vending key makes a DITK", "give DDTK, DUTK or DCTK")


@dataclass(frozen=True, slots=True)
class DecoderKey:
    """The key in a meter, with what the meter's DecoderKeyRegister holds beside it.

    Attributes:
        value: 64 bits under EA07, 128 bits under EA11; never shown.
        ea: the algorithm it is for.
        kt: what it is for.
        krn: its revision; not meaningful for a DITK.
        ti: the tariff index it was made for.
        ken: until when it may be used; has no effect on a DITK.
        sgc: the supply group; None in a meter whose key came by a set of two tokens, which doesn't carry it.
        base_date: what TIDs under it count from. The meter doesn't hold it, the vending system does.

    Raises:
        StsInputError: a field is wrong; the error names it and shows nothing of the key.
    """

    value: int = field(repr=False)
    ea: EA
    kt: KT
    krn: KRN
    ti: TI
    ken: KEN = KEN(255)  # noqa: RUF009 - a frozen value
    sgc: SGC | None = None
    base_date: BaseDate = BaseDate.Y2014

    def __post_init__(self) -> None:
        require_types((self.ea, EA), (self.kt, KT), (self.krn, KRN), (self.ti, TI), (self.ken, KEN))
        if self.sgc is not None:
            require_types((self.sgc, SGC))
        require_types((self.base_date, BaseDate))
        require_secret("DecoderKey", self.value, self.ea.key_bits)

    def with_value(self, value: int) -> "DecoderKey":
        """The same attributes with other key bits."""
        return replace(self, value=value)

    def require_credit(self) -> None:
        """Refuse to carry credit under a default key (DDTK).

        Raises:
            KeyUseError: this is one.
        """
        if self.kt is KT.DDTK:
            raise KeyUseError("a DDTK carries no credit: change the meter to a DUTK first")


def derive(vending_key: VendingKey, pan: MeterPAN, ti: TI, ea: EA) -> DecoderKey:
    """The decoder key of one meter.

    Args:
        vending_key: the key of the meter's supply group.
        pan: the meter; a DCTK is the same for all meters of the group whose IIN is the same.
        ti: its tariff index.
        ea: its encryption algorithm. EA11 goes only with DKGA04.

    Raises:
        StsInputError: EA11 was asked of a DKGA02 key, or an argument is of another type.
    """
    require_types((vending_key, VendingKey))
    data = derivation_data(vending_key, pan, ti, ea)
    bits = dkga02(vending_key.secret, data) if vending_key.dkga is DKGA.DES else dkga04(vending_key.secret, data)
    return derived_key(vending_key, bits, ti, ea)


def derivation_data(key: KeyAttributes, pan: MeterPAN, ti: TI, ea: EA) -> bytes:
    """What the vending key is applied to for one meter: 8 bytes of DKGA02, or 49 of DKGA04.

    Args, errors: as ``derive``.
    """
    require_types((pan, MeterPAN), (ti, TI), (ea, EA))
    require_made(key.dkga, ea)
    if key.dkga is DKGA.DES:
        block = pan_block(pan.iin, pan.drn.digits, key.kt) ^ control_block(key.kt, str(key.sgc), str(ti), key.krn.value)
        return block.to_bytes(DES_BYTES, "big")
    return dkga04_data(
        base=key.base_date.value,
        ea=ea,
        ti=str(ti),
        sgc=str(key.sgc),
        key_type=key.kt,
        krn=key.krn.value,
        pan=pan.digits,
    )


def require_made(dkga: DKGA, ea: EA) -> None:
    """Raise StsInputError if this algorithm makes no keys for that one."""
    if dkga is DKGA.DES and ea is not EA.STA:
        raise StsInputError("EA", "DKGA02 makes keys of 64 bits only", "give EA.STA, or a vending key for DKGA04")


def derived_key(key: KeyAttributes, value: int, ti: TI, ea: EA) -> DecoderKey:
    """The decoder key of these bits, with what it takes over from its vending key."""
    return DecoderKey(
        value=value,
        ea=ea,
        kt=key.kt,
        krn=key.krn,
        ti=ti,
        ken=key.ken,
        sgc=key.sgc,
        base_date=key.base_date,
    )
