"""Doing what an authentic and valid token says (IEC 62055-41 8)."""

from typing import Final

from umbane.meter.credit import clear_credit, receive_credit
from umbane.meter.detection import clear_tampers
from umbane.meter.errors import TokenRefusedError
from umbane.meter.keychange import take_section
from umbane.meter.readings import read_flags, read_tests
from umbane.meter.results import TokenOutcome, TokenResult
from umbane.meter.work import Work
from umbane.sts import (
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    EncodedToken,
    ExtendedManagement,
    Flag,
    InitiateTest,
    KeyChangeSection,
    Register,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    Token,
)

__all__ = ["INITIAL_FLAGS", "execute"]

FLAGS: Final = frozenset(
    {
        Flag.CTS_TEST,
        Flag.DETECT_TAMPER,
        Flag.DISCONNECT_SERVICE,
        Flag.DISCONNECT_ON_TAMPER,
        Flag.DISCONNECT_ON_POWER_LIMIT,
    }
)
"""The flags of STS 202-5 that this meter knows; CTS_TEST is kept and does nothing."""

INITIAL_FLAGS: Final = 1 << Flag.DETECT_TAMPER | 1 << Flag.DISCONNECT_ON_TAMPER | 1 << Flag.DISCONNECT_ON_POWER_LIMIT

OWN_SUBCLASS: Final = 6
"""Class 1 subclasses from here on are the manufacturers' own, and this one has none."""

READ_SUBCLASS: Final = 2
READ_FLAG_BITS: Final = 63
"""The top six bits of the 36-bit field of a ReadFlag token (STS 202-5)."""


def execute(work: Work, token: Token, encoded: EncodedToken) -> TokenOutcome:
    """Do what the token says, or nothing at all.

    Raises:
        TokenRefusedError: OverflowError, RangeError, FunctionError, KeyTypeError or FormatError.
    """
    accepted = TokenOutcome(TokenResult.ACCEPT, token=token)
    match token:
        case Credit() | CurrencyCredit():
            split = receive_credit(work, token.subclass, token.carried)
            return TokenOutcome(TokenResult.ACCEPT, token=token, collected=split)
        case KeyChangeSection():
            return TokenOutcome(take_section(work, token, encoded))
        case InitiateTest():
            return run_test(work, token)
        case ClearCredit():
            clear_credit(work, registers_to_clear(work, token.field))
        case ClearTamperCondition():
            clear_tampers(work)
        case SetMaximumPowerLimit():
            work.state.mpl = limit_within_hardware(work, token.carried)
        case SetMaximumPhasePowerUnbalanceLimit():
            work.state.mppul = limit_within_hardware(work, token.carried)
        case ExtendedManagement():
            set_flag(work, token.flag)
        case _:  # SetTariffRate and SetWaterMeterFactor: reserved for definition by the STS Association
            raise TokenRefusedError(TokenResult.FUNCTION_ERROR)
    return accepted


def registers_to_clear(work: Work, field: int) -> tuple[int, ...]:
    """The registers that a ClearCredit token names; RangeError for one that isn't defined or isn't here."""
    if field == Register.ALL:
        return work.config.subclasses
    if field not in work.config.subclasses:
        raise TokenRefusedError(TokenResult.RANGE_ERROR)
    return (field,)


def limit_within_hardware(work: Work, watts: int) -> int:
    """A power limit, if the load switch can carry it; RangeError otherwise."""
    highest = work.config.hardware_watts
    if highest is not None and watts > highest:
        raise TokenRefusedError(TokenResult.RANGE_ERROR)
    return watts


def set_flag(work: Work, flag: tuple[int, bool] | None) -> None:
    """Turn a flag of STS 202-5 on or off; FunctionError for those this meter doesn't know."""
    if flag is None or flag[0] not in FLAGS:
        raise TokenRefusedError(TokenResult.FUNCTION_ERROR)
    number, on = flag
    work.state.flags = work.state.flags | 1 << number if on else work.state.flags & ~(1 << number)


def run_test(work: Work, token: InitiateTest) -> TokenOutcome:
    """Show what a test/display token asks for; FunctionError when it asks for nothing this meter can show."""
    if token.subclass == READ_SUBCLASS and token.control >> 30 == READ_FLAG_BITS:
        readings = read_flags(work)
    elif token.subclass < READ_SUBCLASS and token.tests:
        readings = read_tests(work, token.tests)
    else:
        raise TokenRefusedError(TokenResult.FUNCTION_ERROR)
    return TokenOutcome(TokenResult.ACCEPT, token=token, readings=readings)
