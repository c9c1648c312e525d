"""The pieces of tariffs on the page about tariffs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pricing.support import tariff
from umbane.pricing.document import TariffDocument

PAGE = (Path(__file__).parents[2] / "docs" / "tariffs.md").read_text(encoding="utf-8")
PIECES = re.findall(r"^```yaml\n([a-z_]+:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FIXED = {"name": "fixed", "label": "Fixed charge", "amount": "18.23"}
AROUND: dict[str, dict[str, Any]] = {
    "charges": {"order": ["service", "demand", "channel", "energy"]},
    "taxes": {"charges": [FIXED], "order": ["ppj", "fixed", "energy"]},
    "arrears": {"order": ["arrears", "energy"]},
    "examples": {"energy": {"price": "3.425"}, "rounding": {"money": "half-up", "units": "up"}},
}
"""What each piece needs around it to be a tariff."""


def test_every_section_has_a_piece() -> None:
    """The page shows every section that has an inside of its own."""
    shown = {piece.partition(":")[0] for piece in PIECES}
    assert shown == {"energy", "charges", "surcharges", "taxes", "arrears", "free_units", "limits", "examples"}


@pytest.mark.parametrize("piece", PIECES, ids=[piece.partition(":")[0] for piece in PIECES])
def test_pieces(piece: str) -> None:
    """Every piece on the page is part of a tariff that loads."""
    sections = yaml.load(piece, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text, lists and mappings
    [name] = sections
    assert tariff(**{**AROUND.get(name, {}), **sections}).id == "test"


@pytest.mark.parametrize("field", sorted(TariffDocument.model_fields))
def test_every_field_is_on_the_page(field: str) -> None:
    """The page names every field of a tariff."""
    assert f"`{field}`" in PAGE
