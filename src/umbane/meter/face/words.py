"""What the meter says to a token: a word for its display, a sentence for a person, a sound."""

from datetime import timedelta
from typing import Final, NamedTuple

from umbane.meter.face.beeps import Beep
from umbane.meter.face.figures import REGISTER_NAMES, amount, span
from umbane.meter.results import (
    AuthenticationResult,
    Collection,
    Refusal,
    Result,
    TokenOutcome,
    TokenResult,
    ValidationResult,
)
from umbane.meter.units import least_units
from umbane.meter.view import MeterView
from umbane.sts import (
    ClearCredit,
    ClearTamperCondition,
    Credit,
    CurrencyCredit,
    ExtendedManagement,
    InitiateTest,
    Register,
    SetMaximumPhasePowerUnbalanceLimit,
    SetMaximumPowerLimit,
    Token,
)

__all__ = ["ANSWERS", "WIDEST", "Answer", "answer"]

WIDEST: Final = 12
"""Characters of the word on the display."""


class Answer(NamedTuple):
    """What is seen, read and heard.

    Attributes:
        lcd: at most ``WIDEST`` characters.
        words: what it means and what to do, in one or two sentences.
        beep: what it sounds like.
    """

    lcd: str
    words: str
    beep: Beep


MORE: Final = "Taken. More tokens belong to this key change: type the others too, in any order."

ANSWERS: Final[dict[Result, Answer]] = {
    TokenResult.ACCEPT: Answer("ACCEPTED", "Accepted.", Beep.ACCEPTED),
    TokenResult.FIRST_KCT: Answer("1ST TAKEN", MORE, Beep.MORE),
    TokenResult.SECOND_KCT: Answer("2ND TAKEN", MORE, Beep.MORE),
    TokenResult.THIRD_KCT: Answer("3RD TAKEN", MORE, Beep.MORE),
    TokenResult.FOURTH_KCT: Answer("4TH TAKEN", MORE, Beep.MORE),
    ValidationResult.USED_ERROR: Answer(
        "USED", "Already used: this token was typed into this meter before.", Beep.REJECTED
    ),
    ValidationResult.OLD_ERROR: Answer(
        "OLD", "Too old: newer tokens have been used since this one was sold. Ask your seller.", Beep.REJECTED
    ),
    ValidationResult.KEY_EXPIRED_ERROR: Answer(
        "KEY EXPIRED", "The meter's key has run out: ask for key-change tokens and type those first.", Beep.REJECTED
    ),
    ValidationResult.DDTK_ERROR: Answer(
        "NOT READY",
        "This meter isn't ready for credit: ask for its key-change tokens and type those first.",
        Beep.REJECTED,
    ),
    AuthenticationResult.CRC_ERROR: Answer(
        "WRONG", "Wrong number: check each digit, and that the token is for this meter.", Beep.REJECTED
    ),
    AuthenticationResult.MFR_CODE_ERROR: Answer(
        "OTHER MAKE", "This token is for another make of meter.", Beep.REJECTED
    ),
    TokenResult.OVERFLOW_ERROR: Answer(
        "FULL", "The meter can't hold that much more. Use some, then type the same token again.", Beep.REJECTED
    ),
    TokenResult.KEY_TYPE_ERROR: Answer(
        "KEY TYPE", "This meter may not change to that kind of key. Ask your supplier.", Beep.REJECTED
    ),
    TokenResult.FORMAT_ERROR: Answer(
        "NO TOKEN", "That isn't a token: it has 20 digits, and no token begins higher than 7378.", Beep.REJECTED
    ),
    TokenResult.RANGE_ERROR: Answer(
        "RANGE", "The token asks for a value that this meter can't be set to. Ask your supplier.", Beep.REJECTED
    ),
    TokenResult.FUNCTION_ERROR: Answer(
        "CAN'T DO", "The token is in order, but this meter doesn't have what it asks for.", Beep.REJECTED
    ),
    Refusal.LOCKED_OUT: Answer("LOCKED", "Too many wrong tokens. Wait, then try again.", Beep.LOCKED),
    Refusal.NO_ANSWER: Answer(
        "NO LINK", "The keypad hears nothing from the meter. The token isn't lost: type it again later.", Beep.NO_ANSWER
    ),
    Refusal.NOT_PAIRED: Answer("NOT PAIRED", "This keypad belongs to another meter.", Beep.NO_ANSWER),
    Refusal.NO_POWER: Answer(
        "", "There is no power. The token isn't lost: type it when power is back.", Beep.NO_ANSWER
    ),
}
"""Every result of the standard, and our four refusals."""


def answer(outcome: TokenOutcome, meter: MeterView) -> Answer:
    """The meter's answer to one token, with what is particular to this one."""
    found = ANSWERS[outcome.result]
    if outcome.result is TokenResult.ACCEPT:
        return accepted(outcome, meter, found)
    if outcome.result in KEY_CHANGE_SECTIONS:
        return found._replace(words=f"{found.words} {taken(meter)}")
    if outcome.result is Refusal.LOCKED_OUT:
        wait = span(meter.locked_for)
        return found._replace(words=f"Too many wrong tokens. Wait {wait}, then try again.")
    if outcome.result is AuthenticationResult.CRC_ERROR:
        return found._replace(words=f"{found.words} Its number is {meter.config.pan.drn}.")
    return found


KEY_CHANGE_SECTIONS: Final = frozenset(
    {TokenResult.FIRST_KCT, TokenResult.SECOND_KCT, TokenResult.THIRD_KCT, TokenResult.FOURTH_KCT}
)


def taken(meter: MeterView) -> str:
    """Which sections of the set the meter has, and how long it keeps them."""
    sections = " and ".join(str(section) for section in meter.pending_sections)
    return f"Taken so far: {sections}; kept for {span(timedelta(seconds=meter.config.key_change_timeout_s))}."


def accepted(outcome: TokenOutcome, meter: MeterView, found: Answer) -> Answer:
    """What an accepted token did."""
    token = outcome.token
    if token is None:
        key = meter.key
        return found._replace(lcd="KEY CHANGED", words=f"Key changed: tariff index {key.ti}, revision {key.krn}.")
    if isinstance(token, Credit | CurrencyCredit):
        credit = amount(token.carried, token.subclass)
        words = f"{credit} of {REGISTER_NAMES[token.subclass]}{split(outcome.collected, token.subclass)}."
        return found._replace(lcd=f"+{credit}"[:WIDEST].replace("+-", "-"), words=f"Accepted: {words}")
    if isinstance(token, InitiateTest):
        return found._replace(lcd="TEST", words=f"Test done; {len(outcome.readings)} readings to look at.")
    return found._replace(words=f"Accepted: {did(token)}.")


def split(collected: Collection | None, subclass: int) -> str:
    """Where a credit token's amount went, if not all of it is there to use."""
    if collected is None:
        return ""
    purposes = ("repaid what was used on loan", "paid debt", "paid charges")
    parts = [
        f"{amount(least_units(part, subclass), subclass)} {purpose}"
        for part, purpose in zip(collected[:3], purposes, strict=True)
        if part
    ]
    return f"; of that {', '.join(parts)}" if parts else ""


def did(token: Token) -> str:
    """What a management token changed."""
    match token:
        case ClearCredit():
            everything = token.field == Register.ALL
            return f"credit set to zero: {'all of it' if everything else REGISTER_NAMES[token.field]}"
        case ClearTamperCondition():
            return "the tamper condition is forgiven"
        case SetMaximumPowerLimit():
            return f"power limit {token.carried} W"
        case SetMaximumPhasePowerUnbalanceLimit():
            return f"phase unbalance limit {token.carried} W"
        case ExtendedManagement(flag=(number, on)):
            return f"flag {number} turned {'on' if on else 'off'}"
        case _:
            return type(token).__name__
