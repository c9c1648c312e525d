"""What a decoded token says, by the names that vectors use."""

from decimal import Decimal
from functools import singledispatch
from typing import Final

from umbane.conformance.comparison import Hex
from umbane.sts import (
    EA,
    ClearCredit,
    Credit,
    CurrencyCredit,
    ExtendedManagement,
    InitiateTest,
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
    Set3rdSectionDecoderKey,
    Set4thSectionDecoderKey,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StampedToken,
    Token,
    encode_currency,
)

__all__ = ["described"]

WORD: Final = 0xFFFFFFFF

Said = dict[str, object]


def described(token: Token, ea: EA) -> Said:
    """Everything a token says; ``ea`` tells which third section of a key-change set it is."""
    said = particulars(token, ea)
    if isinstance(token, StampedToken):
        said |= {"rnd": token.rnd, "tid": token.tid.minutes}
    return (
        said | dict.fromkeys(("cls", "class"), token.token_class) | dict.fromkeys(("sub", "subclass"), token.subclass)
    )


def shifted(units: int, places: int) -> Decimal:
    """Least units as an exact number of main units; arithmetic of Decimal would round it to 28 digits."""
    return Decimal(f"{units}E-{places}")


@singledispatch
def particulars(_token: Token, _ea: EA) -> Said:
    """What only this type of token says."""
    return {}


@particulars.register
def _(token: Credit, _ea: EA) -> Said:
    return {"amount": shifted(token.units, 1), "units": token.units, "value": token.value()}


@particulars.register
def _(token: CurrencyCredit, _ea: EA) -> Said:
    amount = shifted(token.amount, 5)
    field = encode_currency(token.amount)
    parts = {"se": field >> 16, "rnd": field >> 16, "value": field & 0xFFFF, "tid": token.tid.minutes}
    return parts | {"currency": amount, "amount": amount, "units": token.amount}


@particulars.register
def _(token: InitiateTest, _ea: EA) -> Said:
    width = token.control_bits // 4
    code = 2 if token.control_bits == 36 else 4  # noqa: PLR2004 - the width of the control field with a short code
    return {"control": Hex(f"{int(token.control):0{width}X}"), "mfr": token.manufacturer_code, "digits": code}


@particulars.register
def _(token: SetMaximumPowerLimit | SetMaximumPhasePowerUnbalanceLimit, _ea: EA) -> Said:
    return {"watts": token.watts, "value": token.value()}


@particulars.register
def _(token: ClearCredit, _ea: EA) -> Said:
    return {"register": token.field, "value": token.field}


@particulars.register
def _(token: SetTariffRate | SetWaterMeterFactor, _ea: EA) -> Said:
    return {"rate": token.field, "factor": token.field, "value": token.field}


@particulars.register
def _(token: ExtendedManagement, _ea: EA) -> Said:
    flag, on = token.flag or (None, None)
    return {"index": token.index, "data": token.data, "value": token.value(), "flag": flag, "flag_value": on, "on": on}


@particulars.register
def _(token: Set1stSectionDecoderKey, _ea: EA) -> Said:
    fields = {"kenho": token.ken_high, "krn": token.krn.value, "ro": token.rollover, "kct3": token.third_follows}
    return fields | {"kt": int(token.kt), "nkho": Hex(f"{token.key_high:08x}")}


@particulars.register
def _(token: Set2ndSectionDecoderKey, _ea: EA) -> Said:
    return {"kenlo": token.ken_low, "ti": token.ti.value, "nklo": Hex(f"{token.key_low:08x}")}


@particulars.register
def _(token: Set3rdSectionDecoderKey, ea: EA) -> Said:
    if ea is EA.STA:
        sgc = token.bits >> 20
        return {"sgc24": sgc, "sgc": sgc}
    return {"sgc12": token.bits >> 32, "sgclo": token.bits >> 32, "nkmo2": Hex(f"{token.bits & WORD:08x}")}


@particulars.register
def _(token: Set4thSectionDecoderKey, _ea: EA) -> Said:
    return {"sgc12": token.sgc_high, "sgcho": token.sgc_high, "nkmo1": Hex(f"{token.key_middle:08x}")}
