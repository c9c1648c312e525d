"""What is changed about somebody who signs in, and what follows from it: whoever has the old thing is out."""

from uuid import UUID

from umbane.api.attempts import forget_attempts, key_of
from umbane.api.secondfactor import seal
from umbane.api.sessions import end_sessions
from umbane.db import Connection
from umbane.registry import Operator, Scope, Utility, block_operator, set_password_hash, set_totp

__all__ = ["set_blocked", "set_password", "set_second_factor"]


async def set_password(  # noqa: PLR0913 - whose, to what, and what goes on
    tx: Connection, scope: Scope, home: Utility, who: Operator, kept: str, *, but: UUID | None = None
) -> None:
    """Give somebody another password: failed attempts are forgotten, and their sessions end.

    Args:
        tx: a transaction.
        scope: in whose house, and by whom.
        home: the same house.
        who: whose password.
        kept: what `hash_password` made of the new one.
        but: a session that goes on.
    """
    await set_password_hash(tx, scope, who.id, kept)
    await end_sessions(tx, scope, who.id, but=but)
    await forget_attempts(tx, key_of(home.code, who.name))


async def set_second_factor(tx: Connection, scope: Scope, who: Operator, seal_key: bytes, secret: bytes) -> None:
    """Give somebody another second factor; their sessions end."""
    await set_totp(tx, scope, who.id, seal(seal_key, who.id, secret))
    await end_sessions(tx, scope, who.id)


async def set_blocked(tx: Connection, scope: Scope, who: Operator, *, blocked: bool, reason: str) -> None:
    """Let somebody not sign in, or let them again; either way their sessions end."""
    await block_operator(tx, scope, who.id, blocked=blocked, reason=reason)
    await end_sessions(tx, scope, who.id)
