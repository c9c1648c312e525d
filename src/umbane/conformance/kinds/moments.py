"""TokenIdentifiers, and keys that expire."""

import re
from typing import Final

from umbane.conformance.comparison import Digits, Outputs
from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields
from umbane.conformance.keys import base_date, current_key, moment_of_change, new_key, token_identifier
from umbane.conformance.kinds.tokens import built_token
from umbane.sts import (
    EA,
    KEN,
    KRN,
    KT,
    SGC,
    TI,
    TID,
    BaseDate,
    Credit,
    DecoderKey,
    Service,
    StaTables,
    Token,
    encode,
    key_change_set,
)

__all__ = ["expiry", "identifier", "point_of_sale_expiry"]

KEY_CHANGE_SUBCLASSES: Final = frozenset({3, 4, 8, 9})
"""Of class 2: the sections of a key-change set."""

ROLE_FIELDS: Final = frozenset(
    {"action", "case", "for", "op", "operation", "purpose", "request", "role", "step", "token", "use", "what", "which"}
)
"""Where a vector may say in words what is to be issued, and whose KEN it is about."""

FROM: Final = frozenset({"current", "existing", "from", "old", "parent"})
TO: Final = frozenset({"child", "new", "to"})
CHANGE: Final = frozenset({"change", "kct", "keychange", "rollover"})
OTHERS: Final = frozenset(
    {"amount", "class0", "class2", "clear", "credit", "limit", "management", "mpl", "power", "tamper", "vend"}
)


def identifier(inputs: Fields, _tables: StaTables) -> Outputs:
    """``tid``: the TID of a token issued at a moment; ``last`` is the meter's last one, if it matters."""
    if not inputs.has("last"):
        tid = token_identifier(inputs)
    else:
        tid = TID.following(inputs.moment("issued"), base_date(inputs), TID(inputs.integer("last")))
    return {"tid": tid.minutes, "special": tid.is_special}


def expiry(inputs: Fields, _tables: StaTables) -> Outputs:
    """``ken``: whether a key with this KEN has expired at a moment."""
    return {"expired": token_identifier(inputs).beyond(KEN(inputs.integer("ken")))}


def point_of_sale_expiry(inputs: Fields, tables: StaTables) -> Outputs:
    """``pos_ken``: whether a token or a key change may be issued; if not, the refusal itself is the answer.

    Really issues it: under the keys that the inputs describe, or under one of zeros when they give only a KEN.
    """
    tid, words = token_identifier(inputs), spoken(inputs)
    if not is_key_change(inputs, words):
        key = present_key(inputs, inputs.integer("ken", "current_ken", default=255))
        return {"token": Digits(encode(asked_token(inputs, tid), key, tables=tables).digits)}
    current, new = keys_of_change(inputs, words)
    key_change_set(current, new, at=moment_of_change(inputs, new))
    return {"expired": tid.beyond(current.ken)}


def spoken(inputs: Fields) -> set[str]:
    """The words in the fields that say what is to be issued, and the names of those that are simply true."""
    words: set[str] = set()
    for name, value in inputs.values.items():
        if value is True:
            words |= split_words(name)
        elif name in ROLE_FIELDS and isinstance(value, str):
            words |= split_words(inputs.text(name))
    known = FROM | TO | CHANGE | OTHERS
    if words and not words & known:
        raise UnusableInputError("inputs", "nothing says what is to be issued", "give cls and sub, or new_key_params")
    return words


def split_words(text: str) -> set[str]:
    """The words of a text in lower case; key_change, KeyChange and key-change are all two."""
    return {word.lower() for word in re.findall(r"[A-Z]+[a-z0-9]*|[a-z0-9]+", text)}


def is_key_change(inputs: Fields, words: set[str]) -> bool:
    """Whether the inputs ask for a key-change set or a section of one."""
    if inputs.has("cls") and inputs.integer("cls") == 2 and inputs.has("sub"):  # noqa: PLR2004 - class 2, management
        return inputs.integer("sub") in KEY_CHANGE_SUBCLASSES
    return inputs.has("new_key_params", "new_ken", "new_decoder_key") or bool(words & (CHANGE | TO))


def keys_of_change(inputs: Fields, words: set[str]) -> tuple[DecoderKey, DecoderKey]:
    """The current and the new key of a change; a lone KEN belongs to the one that the words or the new key name."""
    current, new = inputs.integer("current_ken", "old_ken", default=255), inputs.integer("new_ken", default=255)
    if inputs.has("ken"):
        if inputs.has("new_ken") or (words & FROM and not words & TO):
            current = inputs.integer("ken")
        elif inputs.has("new_key_params") or (words & TO and not words & FROM):
            new = inputs.integer("ken")
        else:
            raise UnusableInputError("inputs.ken", "nothing says whether it is the current or the new key's", "say it")
    given = inputs.has("new_key_params", "new_decoder_key")
    return present_key(inputs, current), new_key(inputs, new) if given else bare_key(inputs, new)


def present_key(inputs: Fields, ken: int) -> DecoderKey:
    """The meter's key, or one of zeros if the inputs give none."""
    return current_key(inputs, ken) if inputs.has("key_params", "decoder_key") else bare_key(inputs, ken)


def bare_key(inputs: Fields, ken: int) -> DecoderKey:
    """A key of which only the KEN and the algorithm matter."""
    ea = current_key(inputs).ea if inputs.has("key_params", "decoder_key") else inputs.code(EA, "ea", default=EA.STA)
    return DecoderKey(0, ea, KT.DUTK, KRN(1), TI(1), KEN(ken), SGC(0), BaseDate.Y2014)


def asked_token(inputs: Fields, tid: TID) -> Token:
    """The token that the inputs describe, or the least credit if they don't say enough."""
    described = inputs.has("amount", "units", "currency", "value", "watts")
    return built_token(inputs) if described else Credit(Service.ELECTRICITY, 1, tid=tid, rnd=5)
