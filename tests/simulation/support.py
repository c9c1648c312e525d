"""A small world for tests: two tariffs, four households, and a way to write what they buy."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from umbane.pricing import TariffBook, load_tariff_text
from umbane.simulation.account import Account
from umbane.simulation.errors import TableFileError
from umbane.simulation.files import read_households, read_purchases
from umbane.simulation.models import Purchase, Refused, Sale

ANNA: Final = "00001011014"
BEN: Final = "00001021021"
CARA: Final = "0000000007773"
DAN: Final = "00001041045"
STRANGER: Final = "00001151158"

PLAIN: Final[dict[str, Any]] = {
    "format": "umbane-tariff-1",
    "version": "1",
    "title": "A tariff for tests",
    "utility": "Umbane",
    "country": "Nowhere",
    "time_zone": "Africa/Johannesburg",
    "valid_from": "2025-07-01",
    "valid_until": "2025-09-30",
    "sources": [{"title": "made up", "retrieved": "2026-01-01"}],
    "rounding": {"money": "half-up", "units": "up"},
}
BLOCKS: Final = PLAIN | {
    "id": "blocks",
    "title": "Blocks of the town",
    "currency": "ZAR",
    "energy": {
        "method": "marginal",
        "blocks": [{"up_to": 50, "price": "2.00"}, {"up_to": 100, "price": "3.00"}, {"price": "4.00"}],
    },
    "charges": [{"name": "fixed", "label": "Fixed charge", "amount": "5.00"}],
    "taxes": [{"name": "vat", "label": "VAT 15 %", "percent": 15, "on": ["energy"]}],
    "arrears": [{"name": "cable", "label": "The new cable", "method": "percent", "percent": 20}],
    "free_units": {"units": 20, "label": "Free units", "claim": "on-request", "counts_toward_blocks": True},
    "order": ["arrears", "fixed", "energy"],
}
FLAT: Final = PLAIN | {
    "id": "flat",
    "title": "One price for the village",
    "currency": "XOF",
    "energy": {"price": "100"},
    "free_units": {"units": 10, "label": "Free units", "claim": "with-purchase"},
    "order": ["energy"],
}

HOUSEHOLDS: Final = f"""\
meter,customer,tariff,ea,sgc,krn,ti,load,arrears,free_from,opening_kwh
{ANNA},Anna,blocks,7,201457,1,01,family,,2025-07-01,20
{BEN},Ben,blocks,11,201457,1,01,modest,cable:100.00,,0
{CARA},Cara,flat,11,205900,1,04,modest,,2025-08-01,5
{DAN},Dan,blocks,7,201457,1,01,shop,,,40
"""
PURCHASE_HEADER: Final = "id,time,meter,action,value"


def tariff_text(tariff: dict[str, Any], **sections: Any) -> str:  # noqa: ANN401 - whatever a document may hold
    """The text of a tariff file with other sections. JSON is YAML."""
    return json.dumps(tariff | sections)


BOOKS: Final = {str(tariff["id"]): TariffBook.of([load_tariff_text(tariff_text(tariff))]) for tariff in (BLOCKS, FLAT)}
DOCUMENTS: Final = {str(tariff["id"]): [tariff_text(tariff)] for tariff in (BLOCKS, FLAT)}


def write(path: Path, text: str) -> Path:
    """A file with this text, byte for byte."""
    path.write_bytes(text.encode())
    return path


def world(folder: Path, *lines: str, households: str = HOUSEHOLDS) -> Path:
    """A folder with all that `umbane vend` needs; the path of its purchases file, which holds these lines."""
    (folder / "tariffs").mkdir()
    for tariff in (BLOCKS, FLAT):
        write(folder / "tariffs" / f"{tariff['id']}.yaml", tariff_text(tariff))
    write(folder / "meters.csv", households)
    return write(folder / "purchases.csv", purchases_text(*lines))


def purchases_text(*lines: str) -> str:
    """The text of a purchases file."""
    return "\n".join([PURCHASE_HEADER, *lines, ""])


def accounts(folder: Path, households: str = HOUSEHOLDS) -> list[Account]:
    """The accounts of the households, before their first purchase."""
    people = read_households(write(folder / "meters.csv", households))
    return [Account.open(household, BOOKS[household.tariff]) for household in people.values()]


def purchases(folder: Path, *lines: str) -> list[Purchase | TableFileError]:
    """The purchases of these lines."""
    return list(read_purchases(write(folder / "purchases.csv", purchases_text(*lines))))


def sold(outcomes: Iterable[object]) -> list[Sale]:
    """The sales among outcomes."""
    return [outcome for outcome in outcomes if isinstance(outcome, Sale)]


def reasons(outcomes: Iterable[object]) -> list[str]:
    """The reasons of the refusals among outcomes."""
    return [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
