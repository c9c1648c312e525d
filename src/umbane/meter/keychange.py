"""Taking a new key, section by section, in any order (IEC 62055-41 6.2.4, 8)."""

from umbane.meter.errors import TokenRefusedError
from umbane.meter.events import EventKind
from umbane.meter.results import TokenResult
from umbane.meter.state import NO_KEY_CHANGE, KeyChange
from umbane.meter.units import MS_PER_SECOND
from umbane.meter.validation import fingerprint
from umbane.meter.work import Work
from umbane.sts import (
    EA,
    EncodedToken,
    KeyChangeError,
    KeyChangeSection,
    NewKey,
    UnknownTokenError,
    assemble,
    decode,
    require_permitted_change,
)

__all__ = ["pending_sections", "take_section"]

TAKEN = {
    1: TokenResult.FIRST_KCT,
    2: TokenResult.SECOND_KCT,
    3: TokenResult.THIRD_KCT,
    4: TokenResult.FOURTH_KCT,
}
SECTIONS = {EA.STA: 3, EA.MISTY1: 4}
"""How many sections a key of this algorithm can come in."""


def pending_sections(key_change: KeyChange, uptime: int) -> dict[int, EncodedToken]:
    """The sections taken so far; none when the last one was too long ago."""
    return dict(key_change.sections) if uptime < key_change.until else {}


def take_section(work: Work, section: KeyChangeSection, encoded: EncodedToken) -> TokenResult:
    """Keep a section; when it completes its set, change the key.

    A section entered again replaces what was there before. The sections are kept as they were typed: encrypted.

    Returns:
        Which section was taken, or Accept when the key was changed.

    Raises:
        TokenRefusedError: FunctionError for a section this meter's key has no room for; KeyTypeError (Table 33) and
            FormatError when the complete set can't be used, which is then dropped.
    """
    state, key = work.state, work.state.key
    if section.section > SECTIONS[key.ea]:
        raise TokenRefusedError(TokenResult.FUNCTION_ERROR)
    taken = pending_sections(state.key_change, state.uptime) | {section.section: encoded}
    until = state.uptime + work.config.key_change_timeout_s * MS_PER_SECOND
    state.key_change = KeyChange(tuple(sorted(taken.items())), until)
    new = put_together(work, taken)
    if new is None:
        return TAKEN[section.section]
    change_key(work, new)
    return TokenResult.ACCEPT


def put_together(work: Work, taken: dict[int, EncodedToken]) -> NewKey | None:
    """The new key, if no section is missing; a set that can't be used is dropped."""
    key = work.state.key
    sections = {number: decode(encoded, key, tables=work.tables) for number, encoded in taken.items()}
    known = {number: section for number, section in sections.items() if isinstance(section, KeyChangeSection)}
    try:
        new = assemble(known, key)
        if new is not None:
            require_permitted_change(key.kt, new.key.kt, work.config.tct)
    except UnknownTokenError as error:
        work.state.key_change = NO_KEY_CHANGE
        raise TokenRefusedError(TokenResult.FORMAT_ERROR) from error
    except KeyChangeError as error:
        work.state.key_change = NO_KEY_CHANGE
        raise TokenRefusedError(TokenResult.KEY_TYPE_ERROR) from error
    return new


def change_key(work: Work, new: NewKey) -> None:
    """Put the new key in force; credit stays, TIDs are those of the new key from now on."""
    state = work.state
    old = fingerprint(state.key)
    state.tids = state.tids.under_new_key(old, fingerprint(new.key), rollover=new.rollover)
    state.key = new.key
    state.key_change = NO_KEY_CHANGE
    key = new.key
    work.note(EventKind.KEY_CHANGED, f"{key.kt.name} KRN {key.krn} TI {key.ti}")
