"""What guards the tables: the triggers and functions that the migrations make, held against those that are there.

What is expected is read out of the text of the migrations, so that no list of it can be forgotten. They write a trigger
as `CREATE TRIGGER name BEFORE UPDATE OR DELETE ON schema.table … EXECUTE FUNCTION schema.function()`, and the body of a
function between dollar signs; a test sees that everything in a database is found like that.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from umbane.db.connection import Connection
from umbane.db.schema import Migration, known

__all__ = ["Guards", "Trigger", "guards_of", "known_guards", "unguarded"]

TRIGGER: Final = re.compile(
    r"^CREATE TRIGGER (?P<name>\w+)\s+(?P<when>BEFORE|AFTER)\s+(?P<events>.+?)\s+ON\s+(?P<table>[\w.]+)"
    r"(?P<rest>.*?)EXECUTE FUNCTION\s+(?P<function>[\w.]+)\(",
    re.MULTILINE | re.DOTALL,
)
FUNCTION: Final = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (?P<name>[\w.]+)\([^;]*?\bAS (?P<quote>\$\w*\$)(?P<body>.*?)(?P=quote)",
    re.MULTILINE | re.DOTALL,
)
EACH_ROW, BEFORE = 1, 2
EVENTS: Final = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
"""How PostgreSQL keeps what a trigger is for, in `pg_trigger.tgtype`."""

TRIGGERS: Final = """
SELECT n.nspname || '.' || c.relname, t.tgname, t.tgtype, cardinality(t.tgattr::smallint[]), t.tgqual IS NOT NULL,
    f.nspname || '.' || p.proname
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND n.nspname = ANY ($1)"""
FUNCTIONS: Final = """
SELECT n.nspname || '.' || p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY ($1)"""
# Rules and policies change what a statement does before any trigger sees it, and a child adds rows to its parent.
BEHIND: Final = """
SELECT 'rule', r.rulename || ' of ' || c.oid::regclass, 'is none of ours'
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY ($1)
UNION ALL SELECT 'table', c.oid::regclass::text, 'hides rows by a policy'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity AND n.nspname = ANY ($1)
UNION ALL SELECT 'table', i.inhrelid::regclass::text, 'adds rows to ' || i.inhparent::regclass
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY ($1)
ORDER BY 1, 2"""


class Trigger(NamedTuple):
    """A trigger as PostgreSQL keeps it.

    Attributes:
        table, name: which.
        kind: for what and when, as bits.
        columns: how many it is for; 0 for all.
        conditional: whether it has a condition.
        function: what it calls.
    """

    table: str
    name: str
    kind: int
    columns: int
    conditional: bool
    function: str


class Guards(NamedTuple):
    """What guards the tables."""

    triggers: frozenset[Trigger]
    functions: dict[str, str]
    """Their bodies, by their names."""

    @property
    def schemas(self) -> list[str]:
        """Where they are."""
        return sorted({it.partition(".")[0] for it in (*self.functions, *(it.table for it in self.triggers))})


@cache
def known_guards() -> Guards:
    """What the migrations of this Umbane make."""
    return guards_of(known())


def guards_of(steps: Iterable[Migration]) -> Guards:
    """What these migrations make."""
    text = "\n".join(step.sql for step in steps)
    triggers = (trigger(it) for it in TRIGGER.finditer(text))
    return Guards(frozenset(triggers), {it["name"]: it["body"] for it in FUNCTION.finditer(text)})


def trigger(found: re.Match[str]) -> Trigger:
    """A trigger as it is written."""
    events = found["events"].split(" OR ")
    kind = sum(EVENTS[it.split()[0]] for it in events) + BEFORE * (found["when"] == "BEFORE")
    columns = sum(len(it.split(",")) for it in events if " OF " in it)
    each_row = "FOR EACH ROW" in found["rest"]
    return Trigger(
        found["table"], found["name"], kind + EACH_ROW * each_row, columns, "WHEN (" in found["rest"], found["function"]
    )


async def unguarded(connection: Connection, guards: Guards) -> list[tuple[str, str, str]]:
    """What isn't as it was made, as (what, which, the problem), in an order that doesn't change."""
    there = {Trigger(*row) for row in await connection.fetch(TRIGGERS, guards.schemas)}
    named = {(it.table, it.name) for it in there}
    bodies = {row[0]: row[1] for row in await connection.fetch(FUNCTIONS, guards.schemas)}
    changed = "isn't as it was made"
    return [
        *(
            ("trigger", f"{it.name} of {it.table}", changed if it[:2] in named else "is missing or switched off")
            for it in sorted(guards.triggers - there)
        ),
        *(("function", name, changed) for name, body in sorted(guards.functions.items()) if bodies.get(name) != body),
        *[(row[0], row[1], row[2]) for row in await connection.fetch(BEHIND, guards.schemas)],
    ]
