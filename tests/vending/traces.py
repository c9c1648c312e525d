"""Everything that is in a database, to tell whether something was left there."""

from dataclasses import dataclass
from typing import Final

from tests.vending.shop import Shop

__all__ = ["Contents", "contents", "left"]

TABLES: Final = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1"""
LOOK: Final = "SELECT '{0}', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {0} t"


@dataclass(frozen=True, slots=True)
class Contents:
    """How many rows every table has, and a digest of what they say; and how many tokens the module has made."""

    rows: dict[str, int]
    digests: dict[str, str]
    made: int


async def contents(shop: Shop) -> Contents:
    """Everything there is now."""
    async with shop.town.database.reading() as connection:
        names = [row[0] for row in await connection.fetch(TABLES)]
        found = await connection.fetch(" UNION ALL ".join(LOOK.format(name) for name in names))
    made = (await shop.engine.house.module.status()).count
    return Contents({it[0]: it[1] for it in found}, {it[0]: it[2] for it in found}, made)


def left(before: Contents, after: Contents) -> dict[str, int]:
    """How many rows each table that has changed has got more; a module's tokens too.

    That an account exists says nothing before something is booked on it, and nothing can be.
    """
    changed = (name for name in after.rows if after.digests[name] != before.digests[name] and name != "ledger.account")
    more = {name: after.rows[name] - before.rows[name] for name in changed}
    return more | ({"tokens made": after.made - before.made} if after.made != before.made else {})
