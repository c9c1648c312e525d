"""The shape of a database: everything in it but the rows, as text that can be compared."""

from umbane.db import Connection, Database

__all__ = ["shape"]

OURS = """
n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')
"""

PARTS = {
    "column": """
        SELECT format('%s.%s.%s %s %s %s %s', n.nspname, o.relname, attname, format_type(atttypid, atttypmod),
                      attnotnull, attidentity, pg_get_expr(adbin, adrelid))
        FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = o.oid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm') AND OURS""",
    "constraint": """
        SELECT format('%s on %s %s', conname, conrelid::regclass, pg_get_constraintdef(o.oid))
        FROM pg_constraint o JOIN pg_namespace n ON n.oid = connamespace
        WHERE contype <> 'n' AND OURS""",  # NOT NULL is told with its column
    "index": """
        SELECT pg_get_indexdef(o.oid) FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind IN ('i', 'I') AND OURS""",
    "function": """
        SELECT pg_get_functiondef(o.oid) FROM pg_proc o JOIN pg_namespace n ON n.oid = pronamespace
        WHERE prokind IN ('f', 'p') AND OURS""",
    "view": """
        SELECT format('%s.%s %s', n.nspname, relname, pg_get_viewdef(o.oid))
        FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('v', 'm') AND OURS""",
    "type": """
        SELECT format('%s.%s %s', n.nspname, typname, (SELECT array_agg(enumlabel ORDER BY enumsortorder)
                                                       FROM pg_enum WHERE enumtypid = o.oid))
        FROM pg_type o JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype IN ('e', 'd') AND OURS""",
    "trigger": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "extension": "SELECT extname::text FROM pg_extension",
    "migration": "SELECT format('%s %s', name, checksum) FROM db.migration",
}
"""How each kind of thing is read from the catalogues."""


async def shape(database: Database) -> list[str]:
    """Every part of a database, a line for each, in order."""

    async def work(connection: Connection) -> list[str]:
        queries = {kind: query.replace("OURS", OURS) for kind, query in PARTS.items()}
        return [f"{kind} {_plain(row[0])}" for kind, it in queries.items() for row in await connection.fetch(it)]

    return sorted(await database.run(work))


def _plain(text: str) -> str:
    """A definition without parentheses: PostgreSQL writes fewer when it reads its own text again."""
    return text.replace("(", "").replace(")", "")
