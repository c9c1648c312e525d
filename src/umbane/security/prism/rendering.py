"""Our tokens in the words of the interface."""

from typing import Final, NamedTuple

from umbane.security.models import KeyName
from umbane.security.prism.asking import SECTIONS, amount_of
from umbane.security.prism.keys import PrismKey
from umbane.security.prism.messages import IssuedToken, MeterTestToken, NewConfig
from umbane.sts import (
    EA,
    TID,
    Credit,
    CurrencyCredit,
    EncodedToken,
    InitiateTest,
    KeyChangeSection,
    MeterPAN,
    Service,
    Token,
)

__all__ = ["Meter", "change_shown", "class_one_shown", "id_record", "shown"]

UNITS: Final = {
    Service.ELECTRICITY: ("0.1 kWh", "kWh"),
    Service.WATER: ("0.1 m3", "m3"),
    Service.GAS: ("0.1 m3", "m3"),
    Service.TIME: ("0.1 min", "min"),
}
"""The unit that a token counts in, and the one that people do."""

NOT_TOLD: Final = "000000"
"""In the place of a vending key's check value, which no module of ours gives away."""

NO_EXPIRY: Final = "0000"


class Meter(NamedTuple):
    """A meter, the key it has, and what is said of it beside that."""

    pan: MeterPAN
    ea: EA
    key: KeyName
    tct: int
    doe: str = NO_EXPIRY


def scaled(amount: int, digits: int) -> str:
    """An amount with so many digits behind the point."""
    whole, rest = divmod(abs(amount), 10**digits)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{digits}}"


def units_of(token: Token) -> tuple[str, str, str]:
    """The token's unit, and its amount as people read it, with their unit."""
    if isinstance(token, Credit):
        unit, usual = UNITS[token.service]
        return unit, scaled(token.units, 1), usual
    if isinstance(token, CurrencyCredit):
        return "0.00001 of the currency", scaled(token.amount, 5), "currency"
    if hasattr(token, "watts"):
        return "W", str(amount_of(token)), "W"
    return "", "0", ""


def described(token: Token) -> str:
    """What a token is for."""
    if isinstance(token, Credit | CurrencyCredit):
        kind = "Currency" if isinstance(token, CurrencyCredit) else ""
        return f"Credit:{token.service.name.title()}{kind}"
    return f"Management:{type(token).__name__}"


def shown(module: str, meter: Meter, token: Token, digits: EncodedToken) -> IssuedToken:
    """A token for one meter; of a section of a key change nothing that it says."""
    if isinstance(token, KeyChangeSection):
        return section_shown(module, meter, token.subclass, digits)
    tid: TID = getattr(token, "tid", TID(0))
    unit, amount, usual = units_of(token)
    return bare(module, meter, digits)._replace(
        tokenClass=token.token_class,
        subclass=token.subclass,
        tid=tid.minutes,
        transferAmount=float(amount_of(token)),
        isReservedTid=tid.is_special,
        description=described(token),
        stsUnitName=unit,
        scaledAmount=amount,
        scaledUnitName=usual,
    )


def change_shown(
    module: str, meter: Meter, new: KeyName, keys: tuple[PrismKey, PrismKey], tokens: tuple[EncodedToken, ...]
) -> list[IssuedToken]:
    """A key change: the old key and the new one, and the tokens in the order they are typed."""
    current, following = keys
    advice = NewConfig(
        toSgc=new.sgc.value,
        toKrn=new.krn.value,
        toTi=new.ti.value,
        toKen=following.ken.value,
        idRecord=id_record(meter._replace(key=new)),
        record2="",
        rollover=current.base_date is not following.base_date,
        toVkKcv=NOT_TOLD,
    )
    made = [section_shown(module, meter, *one) for one in zip(SECTIONS, tokens, strict=False)]
    return [made[0]._replace(newConfig=advice), *made[1:]]


def section_shown(module: str, meter: Meter, subclass: int, digits: EncodedToken) -> IssuedToken:
    """A section of a key change."""
    description = f"KeyChange:Section{SECTIONS.index(subclass) + 1}"
    return bare(module, meter, digits)._replace(subclass=subclass, description=description)


def bare(module: str, meter: Meter, digits: EncodedToken) -> IssuedToken:
    """Digits for one meter, before it is told what they are for."""
    return IssuedToken(
        drn=meter.pan.drn.digits,
        pan=meter.pan.digits,
        ea=int(meter.ea),
        tct=meter.tct,
        sgc=meter.key.sgc.value,
        krn=meter.key.krn.value,
        ti=meter.key.ti.value,
        tokenClass=2,
        subclass=0,
        tid=0,
        transferAmount=0.0,
        isReservedTid=False,
        description="",
        stsUnitName="",
        scaledAmount="0",
        scaledUnitName="",
        tokenDec=digits.digits,
        tokenHex=f"{digits.bits:017x}",
        idSm=module,
        vkKcv=NOT_TOLD,
    )


def class_one_shown(token: InitiateTest, digits: EncodedToken) -> MeterTestToken:
    """A token of class 1, which is for no meter in particular."""
    return MeterTestToken(
        drn="",
        pan="",
        tokenClass=token.token_class,
        subclass=token.subclass,
        control=token.control,
        mfrcode=token.manufacturer_code,
        description=f"MeterTest:{'Everything' if token.asks_for_everything else token.subclass}",
        tokenDec=digits.digits,
        tokenHex=f"{digits.bits:017x}",
    )


def id_record(meter: Meter) -> str:
    """The meter's card, record 1: PAN, DOE, TCT, EA, SGC, TI, KRN."""
    key = meter.key
    return f"{meter.pan.digits}{meter.doe}{meter.tct:02}{int(meter.ea):02}{key.sgc}{key.ti}{key.krn}"
