"""What the sales of a utility go by, read once and kept until it changes: policy, prices, names of keys."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from umbane.db import Connection
from umbane.pricing import Tariff, TariffBook, load_tariff_text
from umbane.registry.keys import KeyRevision
from umbane.registry.models import Utility
from umbane.registry.tariffs import ended
from umbane.registry.utilities import key_revisions, utility
from umbane.sts import KRN, KT, SGC

__all__ = ["Rulebook", "Rulebooks"]

ACTIVE: Final = """
SELECT tariff_id, sha256, valid_until FROM registry.tariff_version
WHERE utility_id = $1 AND activated_at IS NOT NULL ORDER BY tariff_id, valid_from"""
DOCUMENTS: Final = """
SELECT DISTINCT ON (sha256) sha256, document FROM registry.tariff_version WHERE utility_id = $1 AND sha256 = ANY($2)"""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One edition of what the sales of a utility go by.

    Attributes:
        utility: with its policy.
        tariffs: the active versions of each tariff, by its id.
        keys: key revisions by supply group, key type and number, all as plain numbers.
    """

    utility: Utility
    tariffs: Mapping[str, TariffBook]
    keys: Mapping[tuple[int, int, int], KeyRevision]

    def key_revision(self, sgc: SGC, kt: KT, krn: KRN) -> KeyRevision | None:
        """The key revision of these names; None when there is none."""
        return self.keys.get((sgc.value, kt, krn.value))

    def newest_key(self, sgc: SGC, kt: KT, moment: datetime) -> KeyRevision | None:
        """The key revision that a supply group's meters should have at a moment; None when none may be used."""
        usable = (it for it in self.keys.values() if it.sgc == sgc and it.kt is kt and it.in_force(moment))
        return max(usable, key=lambda it: it.active_from, default=None)


class Rulebooks:
    """The rulebooks that a process has read. A tariff document is compiled once, however many editions have it."""

    def __init__(self) -> None:
        self._books: dict[UUID, Rulebook] = {}
        self._tariffs: dict[str, Tariff] = {}

    async def of(self, connection: Connection, utility_id: UUID, edition: int) -> Rulebook:
        """A utility's rulebook of this edition or a newer one.

        Args:
            connection: to read with, if need be.
            utility_id: whose.
            edition: what `load_for_sale` gave.

        Raises:
            NotFoundError: there is no such utility.
        """
        book = self._books.get(utility_id)
        if book is None or book.utility.edition < edition:
            book = self._books[utility_id] = await self.read(connection, utility_id)
        return book

    async def read(self, connection: Connection, utility_id: UUID) -> Rulebook:
        """A utility's rulebook as it is now.

        Raises:
            NotFoundError: there is no such utility.
        """
        house = await utility(connection, utility_id)  # first: what is read later can only be newer than its edition
        tariffs = await self._read_tariffs(connection, utility_id)
        keys = {(it.sgc.value, int(it.kt), it.krn.value): it for it in await key_revisions(connection, utility_id)}
        return Rulebook(house, tariffs, keys)

    async def _read_tariffs(self, connection: Connection, utility_id: UUID) -> dict[str, TariffBook]:
        rows = await connection.fetch(ACTIVE, utility_id)
        unknown = [row["sha256"] for row in rows if row["sha256"] not in self._tariffs]
        if unknown:
            for digest, document in await connection.fetch(DOCUMENTS, utility_id, unknown):
                self._tariffs[digest] = load_tariff_text(document)
        versions: dict[str, list[Tariff]] = defaultdict(list)
        for tariff_id, digest, valid_until in rows:
            versions[tariff_id].append(ended(self._tariffs[digest], valid_until))
        return {tariff_id: TariffBook.of(tariffs) for tariff_id, tariffs in versions.items()}
