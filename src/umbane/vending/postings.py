"""From a plan to the entry that books it: money from the float to where the lines say, energy into tokens."""

from collections import defaultdict
from functools import lru_cache
from typing import Final
from uuid import UUID

from umbane.ledger import ENERGY, AccountKey, Kind
from umbane.pricing import Line, LineKind
from umbane.vending.models import TokenKind
from umbane.vending.plans import Plan

__all__ = ["float_of", "postings"]

ENERGY_ROUNDING: Final = "energy_rounding"

ACCOUNTS: Final = {
    LineKind.ENERGY: Kind.REVENUE_ENERGY,
    LineKind.SURCHARGE: Kind.REVENUE_SURCHARGE,
    LineKind.CHARGE: Kind.REVENUE_CHARGE,
    LineKind.TAX: Kind.TAX,
    LineKind.ARREARS: Kind.ARREARS,
    LineKind.CREDIT: Kind.CUSTOMER_CREDIT,
    LineKind.ROUNDING: Kind.ROUNDING,
}
NAMED: Final = frozenset({LineKind.SURCHARGE, LineKind.CHARGE, LineKind.TAX, LineKind.ARREARS})
"""Lines of which a utility has several kinds, each with an account of its own."""
OWNED: Final = frozenset({LineKind.ARREARS, LineKind.CREDIT})
"""Lines that are between the utility and one customer."""

TOKENS: Final = AccountKey(Kind.ENERGY_TOKENS, ENERGY)
SOLD: Final = AccountKey(Kind.ENERGY_SOLD, ENERGY)
FREE: Final = AccountKey(Kind.ENERGY_FREE, ENERGY)
ROUNDING: Final = AccountKey(ENERGY_ROUNDING, ENERGY)


@lru_cache(1 << 12)
def float_of(vendor_id: UUID, currency: str) -> AccountKey:
    """The account that a vendor's sales are paid from."""
    return AccountKey(Kind.VENDOR_FLOAT, currency, vendor_id)


def postings(plan: Plan, currency: str, vendor_id: UUID, contract_id: UUID | None) -> dict[AccountKey, int]:
    """The postings of a plan; none for one that moves neither money nor energy."""
    sums: dict[AccountKey, int] = defaultdict(int)
    if plan.tender:
        sums[float_of(vendor_id, currency)] = plan.tender
    for line in plan.lines:
        if line.amount:
            sums[account_of(line, currency, contract_id)] -= line.amount
    for draft in plan.drafts:
        if draft.units:
            sums[TOKENS] += draft.units
    if sums[TOKENS]:
        book_energy(plan, sums)
    return {account: amount for account, amount in sums.items() if amount}


def account_of(line: Line, currency: str, contract_id: UUID | None) -> AccountKey:
    """Where the money of a line goes."""
    if line.kind in OWNED:
        return AccountKey(ACCOUNTS[line.kind], currency, contract_id, line.name if line.kind in NAMED else "")
    return house_account(line.kind, currency, line.name)


@lru_cache(1 << 12)
def house_account(kind: LineKind, currency: str, name: str) -> AccountKey:
    """Where the money of a line goes that is nobody's but the utility's."""
    return AccountKey(ACCOUNTS[kind], currency, None, name if kind in NAMED else "")


def book_energy(plan: Plan, sums: dict[AccountKey, int]) -> None:
    """Book what tokens carry against what was sold and given, and what rounding adds."""
    given = SOLD if plan.given is Kind.ENERGY_SOLD else AccountKey(plan.given, ENERGY)
    if plan.units:
        sums[given] -= plan.units
    if plan.free_units:
        free = FREE if any(it.kind == TokenKind.FREE for it in plan.drafts) else given
        sums[free] -= plan.free_units
    sums[ROUNDING] = plan.units + plan.free_units - sums[TOKENS]
