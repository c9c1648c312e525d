"""The drill: the books are restored from a backup, prove themselves, and go on."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.database import two_roles
from tests.ledger.support import NOON, Shop, execute, minutes, numbered, open_shop
from tests.ledger.tampering import SECOND, a_week
from umbane.db import Database, Server, backup, connected, open_database, restore
from umbane.ledger import BOOKS, DuplicateEntryError, LimitError, Reversal, ReversalError, SealedError, prove


async def test_books_from_a_backup(database: Database, owner: Database, empty_place: Server, tmp_path: Path) -> None:
    """Restored books hold, can't be changed, know what was booked, and go on where they were."""
    shop = await a_week(database)
    await backup(owner, tmp_path / "books", minutes(60))
    async with connected(empty_place) as empty:
        await restore(empty, tmp_path / "books")
    async with open_database(two_roles(empty_place), migrating=True) as other:
        restored = Shop(other, shop.ids)
        assert (await prove(other, BOOKS)).holds
        for change in ("UPDATE ledger.entry SET note = 'x'", "DELETE FROM ledger.line", "TRUNCATE ledger.account"):
            with pytest.raises(SealedError):
                await execute(other, change)
        again = Reversal(numbered(50), UUID(SECOND), NOON, "once more")
        with pytest.raises(ReversalError):
            await restored.run(lambda book: book.reverse([again]))
        with pytest.raises(DuplicateEntryError):
            await restored.post(restored.sale(id=numbered(1)))
        left = await restored.free()
        with pytest.raises(LimitError):
            await restored.post(restored.sale(left + 1))
        await restored.post(restored.sale(left))
        assert await restored.free() == 0
        new = await open_shop(other, numbered(51))
        assert not set(new.ids.values()) & set(shop.ids.values())
        assert (await prove(other, BOOKS)).holds
