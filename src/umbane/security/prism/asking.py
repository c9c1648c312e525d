"""Our requests in the words of the interface, and its answers in ours."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from umbane.errors import UmbaneError
from umbane.security.errors import ModuleError, UnknownKeyError
from umbane.security.models import KeyName
from umbane.security.orders import ChangeOrder, TokenOrder
from umbane.security.prism.errors import ApiError, OtherTokenError
from umbane.security.prism.keys import KeyTable
from umbane.security.prism.messages import MOST_EXACT, Amendment, Flags, IssuedToken, MeterConfig
from umbane.sts import (
    EA,
    TCT,
    TID,
    AmountError,
    BaseDate,
    CheckDigitError,
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    EncodedToken,
    ExtendedManagement,
    InitiateTest,
    KeyExpiredError,
    MeterPAN,
    Service,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    SetTariffRate,
    SetWaterMeterFactor,
    StampedToken,
    StsInputError,
    Token,
    encode,
    key_change_set,
    read_message,
)

__all__ = [
    "SECTIONS",
    "Ask",
    "amount_of",
    "ask_for_change",
    "ask_for_token",
    "digits_of",
    "epoch_minutes",
    "meter_config",
    "refusal_of",
    "require_change_fits",
    "require_fits",
    "token_of",
]

MINUTE: Final = timedelta(minutes=1)

CURRENCY: Final = 4
"""Subclasses of credit from this one on are in currency."""

MANAGEMENT_CLASS: Final = 2
MANAGEMENT: Final[dict[int, Callable[..., Token]]] = {
    kind.subclass: kind
    for kind in (
        SetMaximumPowerLimit,
        ClearCredit,
        SetTariffRate,
        ClearTamperCondition,
        SetMaximumPhasePowerUnbalanceLimit,
        SetWaterMeterFactor,
        ExtendedManagement,
    )
}
SECTIONS: Final = (3, 4, 8, 9)
"""Subclasses of the tokens of a key change, in the order they are typed."""
DATA: Final = 1 << 10
"""Of an extended token: its index stands above ten bits."""


class Ask(NamedTuple):
    """A call that makes tokens."""

    method: str
    message_id: str
    arguments: dict[str, Any]


# ----------------------------------------------------------------------------------------------------- our requests


def ask_for_token(order: TokenOrder, table: KeyTable) -> Ask:
    """What to call for a token.

    Raises:
        UmbaneError: the standard, or the interface, has no such token for that meter.
    """
    token, stand_in = read_message(order.bits), table.stand_in(order.key, order.ea)
    encode(token, stand_in)
    if isinstance(token, InitiateTest):
        test = {"subclass": token.subclass, "control": token.control, "mfrcode": token.manufacturer_code}
        return Ask("issueMeterTestToken", f"{order.id:032x}", test)
    if not isinstance(token, StampedToken | CurrencyCredit):
        remedy = "give credit, a test or a management token; for a key change, ask for it as one"
        raise StsInputError("token", f"a {type(token).__name__} was given", remedy)
    amount: int = amount_of(token)
    rnd: int = getattr(token, "rnd", 0)
    if abs(amount) > MOST_EXACT:
        raise AmountError("amount", f"{amount} is more than the interface can say exactly", "make several tokens of it")
    arguments = {
        "meterConfig": meter_config(order.pan, order.ea, order.key, table),
        "subclass": token.subclass,
        "transferAmount": float(amount),
        "tokenTime": epoch_minutes(stand_in.base_date) + token.tid.minutes,
        "flags": Flags.EXACT_TID,
    }
    name = "issueCreditToken" if token.token_class == 0 else "issueMseToken"
    return Ask(name, f"{order.id:032x}.{rnd:x}", arguments)


def ask_for_change(order: ChangeOrder, table: KeyTable) -> Ask:
    """What to call for a key change.

    Raises:
        UmbaneError: the standard has no such key change.
    """
    _, pan, ea, key, new, at, with_sgc = order.request
    key_change_set(table.stand_in(key, ea), table.stand_in(new, ea), at=at, with_sgc=with_sgc)
    arguments = {
        "meterConfig": meter_config(pan, ea, key, table)._replace(allow3Kct=with_sgc),
        "newConfig": Amendment(new.sgc.value, new.krn.value, new.ti.value),
    }
    return Ask("issueKeyChangeTokens", f"{order.id:032x}.{at.minutes:06x}", arguments)


def meter_config(pan: MeterPAN, ea: EA, key: KeyName, table: KeyTable) -> MeterConfig:
    """A meter and its key; the module is not to change the key of its own accord."""
    return MeterConfig(
        drn=pan.digits,
        ea=int(ea),
        tct=int(TCT.NUMERIC),
        sgc=key.sgc.value,
        krn=key.krn.value,
        ti=key.ti.value,
        ken=table.key(key).ken.value,
        allowKrnUpdate=False,
        allowKenUpdate=False,
    )


def epoch_minutes(base: BaseDate) -> int:
    """Minutes from the first base date, 1993, to another."""
    return (base.start - BaseDate.Y1993.start) // MINUTE


def amount_of(token: Token) -> int:
    """What the interface calls the amount of a token: units, watts, or the 16 bits that stand there."""
    match token:
        case Credit():
            return token.units
        case CurrencyCredit():
            return token.amount
        case ClearTamperCondition():
            return 0
        case StampedToken():
            watts: int = getattr(token, "watts", token.value())
            return watts
        case _:
            raise StsInputError("token", f"a {type(token).__name__} has no amount", "give credit or a management token")


def token_of(token_class: int, subclass: int, amount: int, tid: TID, rnd: int) -> Token:
    """The token that the interface's numbers stand for; the inverse of ``amount_of``.

    Raises:
        StsInputError: there is none.
    """
    if token_class == 0 and 0 <= subclass < CURRENCY:
        return Credit(Service(subclass), amount, tid=tid, rnd=rnd)
    if token_class == 0:
        return CurrencyCredit(Service(subclass - CURRENCY), amount, tid)
    kind = MANAGEMENT.get(subclass)
    if token_class != MANAGEMENT_CLASS or kind is None:
        problem = f"class {token_class} subclass {subclass} isn't asked for so"
        raise StsInputError("subclass", problem, "give credit or a management token that isn't part of a key change")
    if kind is ClearTamperCondition:
        return ClearTamperCondition(tid=tid, rnd=rnd)
    if kind is ExtendedManagement:
        return ExtendedManagement(*divmod(amount, DATA), tid=tid, rnd=rnd)
    return kind(amount, tid=tid, rnd=rnd)


# ------------------------------------------------------------------------------------------------------ its answers


def require_fits(made: Sequence[IssuedToken], ask: Ask, order: TokenOrder) -> None:
    """Refuse to hand on anything but the one token that was asked for.

    Raises:
        OtherTokenError: it is another one.
    """
    config: MeterConfig = ask.arguments["meterConfig"]
    token = read_message(order.bits)
    wanted = (order.pan.digits, config.ea, config.sgc, config.krn, config.ti, token.token_class, token.subclass)
    found = [(one.pan, one.ea, one.sgc, one.krn, one.ti, one.tokenClass, one.subclass) for one in made]
    tid: TID = getattr(token, "tid", TID(0))
    same = (
        found == [wanted] and made[0].tid == tid.minutes and made[0].transferAmount == ask.arguments["transferAmount"]
    )
    if not same:
        raise mismatch(order)


def require_change_fits(made: Sequence[IssuedToken], count: int, order: ChangeOrder) -> None:
    """Refuse to hand on anything but the key change that was asked for.

    Raises:
        OtherTokenError: it is another one.
    """
    new = order.request.new
    advice = made[0].newConfig if made else None
    found = advice and (advice.toSgc, advice.toKrn, advice.toTi)
    pan, ea = order.request.pan.digits, int(order.request.ea)
    sections = [(one.pan, one.ea, one.tokenClass, one.subclass) for one in made]
    wanted = [(pan, ea, MANAGEMENT_CLASS, subclass) for subclass in SECTIONS[:count]]
    if found != (new.sgc.value, new.krn.value, new.ti.value) or sections != wanted:
        raise mismatch(order)


def mismatch(order: TokenOrder | ChangeOrder) -> OtherTokenError:
    """What is wrong when the module made something else."""
    return OtherTokenError(f"the module made something else than was asked for with {UUID(int=order.id)}: look into it")


def digits_of(text: str) -> EncodedToken:
    """Twenty digits.

    Raises:
        ModuleError: they aren't.
    """
    try:
        return EncodedToken.parse(text)
    except UmbaneError as error:
        raise ModuleError(f"the module's digits are none: {error}") from None


def refusal_of(error: ApiError) -> UmbaneError | None:
    """What a refusal is in our words, if it is a definite one of that one request."""
    if error.code.startswith("ESts.DrnOrPan"):
        return CheckDigitError("meter", f"the module refuses it ({error})", "compare it with the number on the meter")
    match error.code:
        case "EKeystore.NotFound":
            return UnknownKeyError(f"the module has no such vending key ({error})")
        case "ESts.VkExpired":
            return KeyExpiredError(f"the vending key has expired; it needs a newer one ({error})")
        case "EParamRange" | "EPrefRange" | "ESts.VkBeforeBdt" | "ESts.IdRecord" | "ESts.IdRecord.Expired":
            return StsInputError("request", f"the module refuses it ({error})", "ask for what meter and key take")
        case _:
            return None
