"""The published schema of tariff documents: for editors that complete and check while a tariff is being written."""

import json
from typing import Any, Final

from umbane.pricing.document import TariffDocument

__all__ = ["schema", "schema_text"]

NOISE: Final = frozenset({"title", "default"})
NAMES: Final = frozenset({"properties", "$defs"})
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema as data."""
    made: dict[str, Any] = _tidy(TariffDocument.model_json_schema())
    return {"$schema": DIALECT, **made, "title": "Umbane tariff"}


def schema_text() -> str:
    """The schema as it is published, in `tariff.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - any part of a schema
    """Leave out what isn't so: a field that may be left out may not be null. Titles and defaults tell nothing here.

    With `names`, the keys are names of fields or sections, and stay.
    """
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidy(value, names=key in NAMES) for key, value in node.items() if names or key not in NOISE}
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    return {**choices[0], **kept} if choices else kept
