"""What the log is told of sales: an entry for each, with its tokens, in the sale's own transaction.

If the log can't be written, nothing is sold.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

from umbane.audit import SALT_BYTES, Fact, LoggedToken, SaleEntries, append, append_lines
from umbane.db import Connection
from umbane.vending.cases import Case
from umbane.vending.house import Turn
from umbane.vending.plans import Plan, signed_by
from umbane.vending.store import TOKEN_BYTES

__all__ = ["sale_entries", "tell_end", "tell_sales", "tell_withheld"]


async def tell_sales(turn: Turn, cases: Sequence[Case]) -> None:
    """Tell the log what was sold: one row, whatever their number."""
    if cases:
        batch = sale_entries(turn, cases)
        lines = "\n".join(batch.entries).encode("ascii")
        await append_lines(turn.tx, turn.now, lines, len(batch.entries), batch.salts)


def sale_entries(turn: Turn, cases: Sequence[Case]) -> SaleEntries:
    """The entries of sales. Every sale waits for this."""
    plans = [case.planned() for case in cases]
    count = sum(len(draft.digits) for plan, _ in plans for draft in plan.drafts)
    batch = SaleEntries(turn.utility_id, turn.now, token_bytes(SALT_BYTES * count))
    for case, (plan, situation) in zip(cases, plans, strict=True):
        batch.add(
            case.id, plan.kind, situation.seller.terminal_id, situation.meter_id,
            situation.book.utility.currency.code, plan.tender, plan.units, plan.free_units,
            signed_by(case.request), tokens_of(plan),
        )  # fmt: skip
    return batch


def tokens_of(plan: Plan) -> list[LoggedToken]:
    """The tokens of a plan."""
    found = []
    for draft in plan.drafts:
        key, number = draft.key, draft.first
        for digits in draft.digits:
            found.append(LoggedToken(
                draft.kind, draft.units, draft.module, number,
                key.sgc.value, key.krn.value, int(key.kt), digits.bits.to_bytes(TOKEN_BYTES),
            ))  # fmt: skip
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
