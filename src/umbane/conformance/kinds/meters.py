"""A virtual meter that is fed a list of tokens."""

from dataclasses import replace
from datetime import UTC
from typing import Final, TypedDict

from umbane.conformance.comparison import Outputs, Registers
from umbane.conformance.errors import UnusableInputError
from umbane.conformance.fields import Fields, decimal_digits, whole_number
from umbane.conformance.keys import current_key
from umbane.meter import LockoutPlan, Meter, MeterConfig
from umbane.sts import KEN, KRN, KT, SGC, TCT, TI, DecoderKey, MeterPAN, StaTables

__all__ = ["meter"]

LEAST_MEMORY: Final = 50
"""TIDs that a meter has to remember (IEC 62055-41 7.3.8)."""

TOKEN_DIGITS: Final = 20

ANY_METER: Final = MeterPAN("600727000000000009")
"""What the meter is called when a vector gives its key as bits."""


def meter(inputs: Fields, tables: StaTables) -> Outputs:
    """``meter``: the result of each token, and what the registers hold afterwards."""
    tokens = inputs.items("tokens", lambda token: decimal_digits(token, TOKEN_DIGITS), "tokens")
    made = built_meter(inputs, inputs.section("meter") if inputs.has("meter") else Fields({}), tables)
    results = [str(made.enter(token).result) for token in tokens]
    key = made.key
    return {
        "results": results,
        "credit": Registers({str(subclass): made.credit(subclass) for subclass in made.config.subclasses}),
        "mpl": made.mpl,
        "mppul": made.mppul,
        "ti": key.ti.value,
        "krn": key.krn.value,
        "kt": int(key.kt),
        "ken": key.ken.value,
        "sgc": key.sgc.value if key.sgc else 0,
        "connected": made.connected,
        "tamper": bool(made.tampers),
        "tampered": bool(made.tampers),
    }


def built_meter(inputs: Fields, wanted: Fields, tables: StaTables) -> Meter:
    """The meter that the inputs describe; it never locks its keypad, for a vector may hold many wrong tokens."""
    key, tids = key_within(current_key(inputs), wanted), memory(wanted)
    config = MeterConfig(pan=pan(inputs), lockout=LockoutPlan(after=0), **settings(wanted))
    if unknown := [name for name in wanted.unused() if name != "ea"]:  # the key knows its EA
        raise UnusableInputError(f"inputs.meter.{unknown[0]}", "it is not known here", "leave it out")
    return Meter(config, key, start=key.base_date.start.replace(tzinfo=UTC), tids=tids, tables=tables)


def memory(wanted: Fields) -> list[int]:
    """The TIDs that the meter remembers; too few are filled up with the smallest, which changes no answer."""
    given = wanted.items("tids", whole_number, "TIDs") if wanted.has("tids") else []
    return given + [min(given, default=0)] * (LEAST_MEMORY - len(given))


def key_within(key: DecoderKey, wanted: Fields) -> DecoderKey:
    """The key with what the meter's register holds beside it, where the vector says so."""
    return replace(
        key,
        kt=wanted.code(KT, "kt", default=key.kt),
        ken=KEN(wanted.integer("ken", default=key.ken.value)),
        krn=KRN(wanted.integer("krn", default=key.krn.value)),
        ti=TI(wanted.integer("ti", default=key.ti.value)),
        sgc=SGC(wanted.integer("sgc")) if wanted.has("sgc") else key.sgc,
    )


def pan(inputs: Fields) -> MeterPAN:
    """The meter's PAN."""
    section = inputs.section("key_params") if inputs.has("key_params") else inputs
    return MeterPAN(section.digits(18, "pan")) if section.has("pan") else ANY_METER


class Settings(TypedDict, total=False):
    """The settings of a meter that a vector may give."""

    subclasses: tuple[int, ...]
    register_limit: int
    check_ken: bool
    tct: TCT
    manufacturer_code: int


def settings(wanted: Fields) -> Settings:
    """What the vector says about the meter; the meter's own defaults hold for the rest."""
    chosen = Settings(check_ken=wanted.flag("use_ken", "check_ken", default=True))
    if wanted.has("subclasses"):
        chosen["subclasses"] = tuple(wanted.items("subclasses", whole_number, "subclasses"))
    if wanted.has("limit"):
        chosen["register_limit"] = wanted.integer("limit")
    if wanted.has("tct"):
        chosen["tct"] = wanted.code(TCT, "tct")
    if wanted.has("mfr"):
        chosen["manufacturer_code"] = wanted.integer("mfr")
    return chosen
