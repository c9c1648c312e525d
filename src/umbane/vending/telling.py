"""What the log is told of sales: an entry for each, with its tokens, in the sale's own transaction.

If the log can't be written, nothing is sold.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

from umbane.audit import Fact, SaleEntries, append, log_rows
from umbane.db import Connection, Rows
from umbane.vending.cases import Case
from umbane.vending.house import Turn
from umbane.vending.plans import Plan, signed_by
from umbane.vending.store import TOKEN_BYTES

__all__ = ["sale_entries", "tell_end", "tell_withheld", "told_sales"]


def told_sales(turn: Turn, cases: Sequence[Case]) -> list[Rows]:
    """What tells the log what was sold: one row, whatever their number."""
    if not cases:
        return []
    batch = sale_entries(turn, cases)
    return [log_rows(turn.now, batch.lines(), len(batch.entries), batch.used_salts())]


def sale_entries(turn: Turn, cases: Sequence[Case]) -> SaleEntries:
    """The entries of sales. Every sale waits for this."""
    currency = cases[0].planned()[1].book.utility.currency.code
    batch = SaleEntries(turn.utility_id, currency, turn.now, token_bytes, len(cases))
    for case in cases:
        plan, situation = case.planned()
        batch.add(
            case.id, plan.kind, situation.seller.terminal_id, situation.meter_id, plan.tender, plan.units,
            plan.free_units, signed_by(case.request), tokens_of(plan, batch),
        )  # fmt: skip
    return batch


def tokens_of(plan: Plan, batch: SaleEntries) -> list[str]:
    """The tokens of a plan."""
    found = []
    for draft in plan.drafts:
        key, number = draft.key, draft.first
        name = f"{key.sgc.value}/{key.krn.value}/{int(key.kt)}"
        for digits in draft.digits:
            bits = digits.bits.to_bytes(TOKEN_BYTES)
            found.append(batch.token(draft.kind, draft.units, draft.module, number, name, bits))
            number += 1
    return found


# ------------------------------------------------------------------------------------------------------------- the rest


async def tell_end(tx: Connection, kind: str, utility_id: UUID, sale_id: UUID, at: datetime, **more: str) -> None:
    """Tell the log that the digits of a sale left the house ("release"), or that it was taken back ("reversal")."""
    await append(tx, [Fact(kind, at, {"utility": str(utility_id), "sale": str(sale_id), **more})])


async def tell_withheld(tx: Connection, since: datetime, tokens: Iterable[tuple[int, int, bytes]]) -> None:
    """Tell the log of tokens that a module made and no sale has: the module, the token's number in it, and its bits."""
    said = (({"module": module, "number": number}, bits) for module, number, bits in tokens)
    await append(tx, [Fact("withheld", since, says, bits) for says, bits in said])
