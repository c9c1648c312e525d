"""What the log is told: every document, policy, act and event, in the transaction of what it tells."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from umbane.audit import Fact, append
from umbane.db import Connection
from umbane.registry import Scope

__all__ = ["tell"]

NOW: Final = "SELECT now()"


async def tell(
    tx: Connection, scope: Scope, action: str, details: Sequence[Mapping[str, Any]], secret: bytes | None = None
) -> None:
    """Tell the log what was done, an entry for each of the details; what is said of people and accounts is sealed."""
    at = await tx.fetchval(NOW)
    common = {"utility": str(scope.utility_id), "by": scope.by, "action": action}
    await append(tx, [Fact("fleet", at, {**common, "details": it}, secret) for it in details])
