"""Published and derived vectors of whole meters."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.meter.support import START
from umbane.meter import LockoutPlan, Meter, MeterConfig
from umbane.sts import DKGA, EA, KEN, KRN, KT, SGC, TI, BaseDate, DecoderKey, MeterPAN, VendingKey, derive

VECTORS = json.loads((Path(__file__).parents[1] / "conformance" / "vectors.json").read_text(encoding="utf-8"))
METERS = [vector for vector in VECTORS if vector["inputs"].get("kind") == "meter"]
NEEDS_LICENSED_TABLES = {"meter-7-wrongkey", "meter-7-typo", "meter-kct2-reverse", "meter-kct2-creditfirst"}
"""Vectors whose tokens exist only under the licensed tables. Two expect CRCError, which any token would get here."""


def key_of(inputs: dict[str, Any]) -> DecoderKey:
    """The key in the meter of a vector."""
    fields, meter = inputs["key_params"], inputs["meter"]
    vending_key = VendingKey(
        bytes.fromhex(fields["vk"]),
        DKGA(fields["dkga"]),
        SGC.parse(fields["sgc"]),
        KRN(fields["krn"]),
        KT(fields["kt"]),
        BaseDate(fields["base"]),
        KEN(meter.get("ken", 255)),
    )
    key = derive(vending_key, MeterPAN(fields["pan"]), TI.parse(fields["ti"]), EA(fields["ea"]))
    return replace(key, kt=KT(meter.get("kt", fields["kt"])))


def meter_of(inputs: dict[str, Any]) -> Meter:
    """The meter of a vector."""
    fields = inputs["meter"]
    config = MeterConfig(
        pan=MeterPAN(inputs["key_params"]["pan"]),
        subclasses=tuple(fields.get("subclasses", [0])),
        register_limit=fields.get("limit"),
        check_ken=fields.get("use_ken", True),
        manufacturer_code=fields.get("mfr"),
        lockout=LockoutPlan(after=0),
    )
    return Meter(config, key_of(inputs), START, tids=fields.get("tids", [0]))


@pytest.mark.parametrize("vector", [v for v in METERS if v["id"] not in NEEDS_LICENSED_TABLES], ids=lambda v: v["id"])
def test_vector(vector: dict[str, Any]) -> None:
    """The meter answers as the vector says, and its registers then hold what the vector says."""
    inputs, expected = vector["inputs"], dict(vector["expected"])
    meter = meter_of(inputs)
    tokens = inputs.get("tokens_with_sample_tables", inputs["tokens"])
    assert [meter.enter(token).result.value for token in tokens] == expected.pop("results")
    for subclass, units in expected.pop("credit", {}).items():
        assert meter.credit(int(subclass)) == units
    for limit in {"mpl", "mppul"} & expected.keys():
        assert getattr(meter, limit) == expected.pop(limit)
    for field, value in expected.items():
        assert getattr(meter.key, field).value == value


def test_all_vectors_are_known() -> None:
    """There are 24 vectors of meters, and the four that are left out here are among them."""
    assert len(METERS) == 24
    assert {vector["id"] for vector in METERS} >= NEEDS_LICENSED_TABLES
