"""Keys and token identifiers from the inputs of a vector."""

from datetime import UTC
from typing import Final, NamedTuple

from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields
from umbane.sts import DKGA, EA, KEN, KRN, KT, SGC, TI, TID, BaseDate, DecoderKey, MeterPAN, VendingKey, derive

__all__ = ["base_date", "current_key", "derived_key", "key_parts", "moment_of_change", "new_key", "token_identifier"]

NEVER: Final = 255
"""The KEN of a key that doesn't expire, which is what a vector means when it gives none."""


def base_date(*places: Fields) -> BaseDate:
    """The base date: "93", 93 or 1993, from the first of ``places`` that has one."""
    names = ("base", "bdt", "base_date")
    fields = first_with(places, *names)
    known = {int(base.value): base for base in BaseDate}
    number = fields.integer(*names) % 100
    if number not in known:
        raise UnusableInputError(f"{fields.path}.base", "it is no base date", 'give "93", "14" or "35"')
    return known[number]


def first_with(places: tuple[Fields, ...], *names: str) -> Fields:
    """The first of ``places`` that has one of these names; the first of all if none has."""
    return next((fields for fields in places if fields.has(*names)), places[0])


class KeyParts(NamedTuple):
    """What a decoder key is for, apart from its meter."""

    kt: KT
    sgc: SGC
    ti: TI
    krn: KRN


def key_parts(fields: Fields) -> KeyParts:
    """KT, SGC, TI and KRN; codes with leading zeros may be given as numbers."""
    sgc = SGC.parse(fields.digits(6, "sgc"))
    return KeyParts(fields.code(KT, "kt"), sgc, TI(fields.integer("ti")), KRN(fields.integer("krn")))


def derived_key(section: Fields, inputs: Fields, ken: int = NEVER) -> DecoderKey:
    """The decoder key that ``section`` describes: vending key, PAN, KT, SGC, TI, KRN, base date and EA."""
    parts = key_parts(section)
    secret, dkga = section.octets("vk", "vending_key"), section.code(DKGA, "dkga")
    expiry = KEN(section.integer("ken", default=ken))
    vending_key = VendingKey(secret, dkga, parts.sgc, parts.krn, parts.kt, base_date(section, inputs), expiry)
    ea = first_with((section, inputs), "ea").code(EA, "ea")
    return derive(vending_key, MeterPAN(section.digits(18, "pan")), parts.ti, ea)


def plain_key(inputs: Fields, name: str, ken: int) -> DecoderKey:
    """A decoder key given by its bits, with whatever the inputs say beside it."""
    value = inputs.octets(name)
    ea = inputs.code(EA, "ea", default=EA.STA if len(value) * 8 == EA.STA.key_bits else EA.MISTY1)
    if len(value) * 8 != ea.key_bits:
        raise UnusableInputError(f"inputs.{name}", "it has the wrong length for its EA", f"give {ea.key_bits} bits")
    return DecoderKey(
        int.from_bytes(value),
        ea,
        inputs.code(KT, "key_type", default=KT.DUTK),
        KRN(1),
        TI(1),
        KEN(ken),
        base_date=base_date(inputs) if inputs.has("base") else BaseDate.Y2014,
    )


def current_key(inputs: Fields, ken: int = NEVER) -> DecoderKey:
    """The key that is in the meter: from ``key_params``, or ``decoder_key`` as it is."""
    if inputs.has("key_params"):
        return derived_key(inputs.section("key_params"), inputs, ken)
    return plain_key(inputs, "decoder_key", ken)


def new_key(inputs: Fields, ken: int = NEVER) -> DecoderKey:
    """The key that the meter is to get: from ``new_key_params``, or ``new_decoder_key`` as it is."""
    if inputs.has("new_key_params"):
        return derived_key(inputs.section("new_key_params"), inputs, ken)
    return plain_key(inputs, "new_decoder_key", ken)


def token_identifier(inputs: Fields) -> TID:
    """The TID: ``tid`` as it is, or the minute ``issued`` counted from the base date."""
    if inputs.has("tid"):
        return TID(inputs.integer("tid"))
    places = (inputs, inputs.section("key_params")) if inputs.has("key_params") else (inputs,)
    make = TID.special if inputs.flag("special") else TID.at
    return make(inputs.moment("issued"), base_date(*places))


def moment_of_change(inputs: Fields, new: DecoderKey) -> TID:
    """When a key change is issued, counted from the *new* key's base date; before that date it is minute 0."""
    if inputs.has("tid"):
        return TID(inputs.integer("tid"))
    start = new.base_date.start.replace(tzinfo=UTC)
    return TID.at(max(start, inputs.moment("issued")), new.base_date) if inputs.has("issued") else TID(0)
