"""The published schema."""

import json
from pathlib import Path
from typing import Any

import pytest

import umbane.pricing
from umbane.pricing.document import TariffDocument
from umbane.pricing.schema import schema, schema_text

PUBLISHED = Path(umbane.pricing.__file__).parent / "tariff.schema.json"


def test_the_published_schema_is_current() -> None:
    """The file in the package is what the models give; `umbane tariff schema` writes it."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_fields() -> None:
    """The schema has every field of the document, and nothing may be null."""
    made = schema()
    assert set(made["properties"]) == set(TariffDocument.model_fields)
    assert "null" not in json.dumps(made)


def nodes(node: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any part of a schema
    """Every part of a schema."""
    if isinstance(node, list):
        return [it for part in node for it in nodes(part)]
    return [node, *(it for part in node.values() for it in nodes(part))] if isinstance(node, dict) else []


@pytest.mark.parametrize("section", sorted(schema()["$defs"]))
def test_sections_are_closed(section: str) -> None:
    """Every section refuses unknown fields and says what it is for."""
    made = schema()["$defs"][section]
    assert made["additionalProperties"] is False
    assert made["description"]


def test_references() -> None:
    """Every reference in the schema leads somewhere."""
    made = schema()
    references = {it["$ref"] for it in nodes(made) if "$ref" in it}
    assert references == {f"#/$defs/{name}" for name in made["$defs"]}
