"""From twenty digits to a result: decode, authenticate, validate, execute, cancel (IEC 62055-41 7.3, 8)."""

from typing import Final

from umbane.meter.errors import TokenRefusedError
from umbane.meter.events import EventKind
from umbane.meter.execution import execute
from umbane.meter.limits import unlock
from umbane.meter.lockout import is_locked, note_right_token, note_wrong_token
from umbane.meter.results import (
    AuthenticationResult,
    Refusal,
    Result,
    TokenOutcome,
    TokenResult,
    ValidationResult,
)
from umbane.meter.validation import validate
from umbane.meter.work import Work
from umbane.sts import (
    TID,
    CrcError,
    EncodedToken,
    InitiateTest,
    KeyChangeSection,
    MfrCodeError,
    Token,
    TokenContentError,
    TokenFormatError,
    UnknownTokenError,
    decode,
)

__all__ = ["process"]

LAST_COMMON_SUBCLASS: Final = 2
"""Class 1 subclasses up to this one may carry manufacturer code 0, which is everybody's."""


def process(work: Work, entered: str | EncodedToken) -> TokenOutcome:
    """Take a token, or refuse it with a reason; a locked keypad doesn't look at it."""
    if is_locked(work):
        return TokenOutcome(Refusal.LOCKED_OUT, authentication=None)
    try:
        encoded = entered if isinstance(entered, EncodedToken) else EncodedToken.parse(entered)
    except TokenFormatError:
        return TokenOutcome(TokenResult.FORMAT_ERROR, authentication=None)
    outcome = process_encoded(work, encoded)
    if outcome.accepted:
        work.note(EventKind.TOKEN_ACCEPTED, "" if outcome.token is None else type(outcome.token).__name__)
    else:
        work.note(EventKind.TOKEN_REFUSED, outcome.result)
    return outcome


def process_encoded(work: Work, encoded: EncodedToken) -> TokenOutcome:
    """The way of the standard, step by step. Whatever refuses, refuses before anything was changed."""
    token = None
    try:
        token = authenticate(work, encoded)
        check_tid(work, token)
        outcome = execute(work, token, encoded)
    except TokenRefusedError as refused:
        return refuse(work, refused.result, token)
    tid = tid_of(token)
    if tid is not None:
        cancel(work, tid)
    return outcome


def authenticate(work: Work, encoded: EncodedToken) -> Token:
    """The token, if it is for this meter (7.3.6).

    Raises:
        TokenRefusedError: CRCError, MfrCodeError; FunctionError or FormatError for what is authentic but unknown.
    """
    try:
        token = decode(encoded, work.state.key, tables=work.tables)
    except CrcError as error:
        raise TokenRefusedError(AuthenticationResult.CRC_ERROR) from error
    except MfrCodeError as error:
        raise TokenRefusedError(AuthenticationResult.MFR_CODE_ERROR) from error
    except TokenContentError as error:
        raise TokenRefusedError(TokenResult.FORMAT_ERROR) from error
    except UnknownTokenError as error:
        raise TokenRefusedError(TokenResult.FUNCTION_ERROR) from error
    if isinstance(token, InitiateTest) and not addressed(work, token):
        raise TokenRefusedError(AuthenticationResult.MFR_CODE_ERROR)
    return token


def addressed(work: Work, token: InitiateTest) -> bool:
    """Whether a class 1 token is for meters of this manufacturer, or for everybody's."""
    everybody = token.manufacturer_code == 0 and token.subclass <= LAST_COMMON_SUBCLASS
    return everybody or token.manufacturer_code == work.config.code


def tid_of(token: Token) -> TID | None:
    """The token's TID; test/display tokens and key-change sections have none."""
    tid = getattr(token, "tid", None)
    return tid if isinstance(tid, TID) else None


def check_tid(work: Work, token: Token) -> None:
    """Refuse a token that was used before, is too old, or isn't for a key like this one (7.3.7)."""
    tid, state = tid_of(token), work.state
    if tid is None:
        return
    judged = validate(state.tids, state.key, token.token_class, tid, check_ken=work.config.check_ken)
    if judged is not ValidationResult.VALID:
        raise TokenRefusedError(judged)


def cancel(work: Work, tid: TID) -> None:
    """Remember the TID of a token that was executed, so that it never works again (7.3.8).

    Such a token shows that the customer is in good standing: wrong ones are forgotten, a locked switch may close.
    """
    work.state.tids = work.state.tids.remember(tid.minutes)
    note_right_token(work)
    unlock(work)


def refuse(work: Work, result: Result, token: Token | None) -> TokenOutcome:
    """The answer to a token that was refused; guesses are counted."""
    if result is AuthenticationResult.CRC_ERROR:
        note_wrong_token(work)
    authentication = result if isinstance(result, AuthenticationResult) else AuthenticationResult.AUTHENTIC
    shown = None if isinstance(token, KeyChangeSection) else token
    return TokenOutcome(result, authentication=authentication, token=shown)
