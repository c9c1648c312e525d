"""Who may do what, by the names of what people do: each role has the least that its work needs."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from umbane.registry.texts import require_clean

__all__ = ["Role", "Scope"]


class Role(StrEnum):
    """What somebody does. An operator holds one or several."""

    CASHIER = "cashier"
    """Quotes, sells, reprints; sees one customer at a time."""
    SUPERVISOR = "supervisor"
    """Approves what takes two, reverses what no one has seen, closes tills."""
    ENGINEER = "engineer"
    """Engineering tokens and key changes; installs and removes meters."""
    REGISTRAR = "registrar"
    """Customers, service points, contracts, imports."""
    TARIFF_MANAGER = "tariff_manager"
    """Adds and activates prices."""
    VENDOR_MANAGER = "vendor_manager"
    """Vendors, their terminals and API keys, their credit limits."""
    KEY_CUSTODIAN = "key_custodian"
    """Supply groups and key revisions; never the keys themselves."""
    ACCOUNTANT = "accountant"
    """Books payments of vendors, closes periods, reads the books."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing."""
    ADMINISTRATOR = "administrator"
    """Operators and their roles, policies; sells nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """In whose house something is done, and by whom.

    Attributes:
        utility_id: the utility; nothing of another one can be reached.
        by: who does it, as the record of changes will name them: "operator:thandi", "api:shop-7".
    """

    utility_id: UUID
    by: str

    def __post_init__(self) -> None:
        require_clean(("by", self.by))
