"""Single key-change sections, from their raw fields and the new key."""

from collections.abc import Callable
from typing import Final

from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields
from umbane.conformance.keys import current_key, new_key
from umbane.sts import (
    EA,
    KRN,
    KT,
    SGC,
    TI,
    DecoderKey,
    Set1stSectionDecoderKey,
    Set2ndSectionDecoderKey,
    Set3rdSectionDecoderKey,
    Set4thSectionDecoderKey,
    Token,
)

__all__ = ["SECTION_SUBCLASSES", "section"]

WORD: Final = 0xFFFFFFFF


def section(subclass: int, inputs: Fields) -> Token:
    """The section of this subclass: what the inputs don't say comes from the new key."""
    current = current_key(inputs)
    ken = inputs.integer("new_ken", "ken", default=255)
    if inputs.has("new_key_params", "new_decoder_key"):
        return SECTION_SUBCLASSES[subclass](inputs, new_key(inputs, ken), current)
    if not inputs.has("nkho", "nklo", "nkmo1", "nkmo2", "sgc24"):
        raise UnusableInputError("inputs.new_key_params", "it is missing", "describe the new key")
    return SECTION_SUBCLASSES[subclass](inputs, current, current)


def first(inputs: Fields, new: DecoderKey, current: DecoderKey) -> Token:
    """Subclass 3."""
    return Set1stSectionDecoderKey(
        inputs.integer("kenho", default=new.ken.value >> 4),
        KRN(inputs.integer("krn", default=new.krn.value)),
        inputs.flag("ro", default=new.base_date is not current.base_date),
        inputs.flag("kct3"),
        inputs.code(KT, "kt", default=new.kt),
        key_word(inputs, "nkho", new, new.ea.key_bits - 32),
    )


def second(inputs: Fields, new: DecoderKey, _current: DecoderKey) -> Token:
    """Subclass 4."""
    kenlo, ti = inputs.integer("kenlo", default=new.ken.value & 15), inputs.integer("ti", default=new.ti.value)
    return Set2ndSectionDecoderKey(kenlo, TI(ti), key_word(inputs, "nklo", new, 0))


def third(inputs: Fields, new: DecoderKey, _current: DecoderKey) -> Token:
    """Subclass 8: of a set of three for EA07, of a set of four for EA11."""
    if new.ea is EA.STA:
        return Set3rdSectionDecoderKey.of_three(supply_group(inputs, new, "sgc24"))
    low = inputs.integer("sgc12", "sgclo") if inputs.has("sgc12", "sgclo") else supply_group(inputs, new).value & 0xFFF
    return Set3rdSectionDecoderKey.of_four(SGC(low), key_word(inputs, "nkmo2", new, 64))


def fourth(inputs: Fields, new: DecoderKey, _current: DecoderKey) -> Token:
    """Subclass 9."""
    high = inputs.integer("sgc12", "sgcho") if inputs.has("sgc12", "sgcho") else supply_group(inputs, new).value >> 12
    return Set4thSectionDecoderKey(high, key_word(inputs, "nkmo1", new, 32))


def supply_group(inputs: Fields, new: DecoderKey, *names: str) -> SGC:
    """The SGC of the inputs, or of the new key."""
    return new.sgc if new.sgc and not inputs.has(*names, "sgc") else SGC(inputs.integer(*names, "sgc"))


def key_word(inputs: Fields, name: str, new: DecoderKey, shift: int) -> int:
    """32 bits of the new key, given by themselves or cut out of it."""
    return inputs.hexadecimal(name) if inputs.has(name) else new.value >> shift & WORD


SECTION_SUBCLASSES: Final[dict[int, Callable[[Fields, DecoderKey, DecoderKey], Token]]] = {
    3: first,
    4: second,
    8: third,
    9: fourth,
}
"""Class 2: which subclass is which section."""
