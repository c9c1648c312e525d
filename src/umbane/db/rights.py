"""What the role may do with which Umbane works: all rights in one place, how they are given, and what goes beyond them.

The *owner* of the tables migrates, backs up and restores. The *worker* does everything else, and can't take away what
guards the tables: it owns nothing, and may change only what has to change. It may make nothing either, not even a table
that ends with its transaction: what runs within a trigger is taken by the books for one of theirs.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from umbane.db.connection import Connection

__all__ = ["FUNCTIONS", "SEQUENCES", "TABLES", "Right", "declared", "grant", "overreach", "powers", "rights_of"]

STAYS: Final = "SELECT, INSERT"
PASSES: Final = "SELECT, INSERT, DELETE"

TABLES: Final = {
    "db.migration": "SELECT",
    "db.job": "SELECT, INSERT, DELETE, UPDATE (due_at, attempts, worker, problem)",
    "db.job_outcome": "SELECT, INSERT, DELETE, UPDATE (retried_as)",
    "registry.change": STAYS,
    "registry.utility": "SELECT, INSERT, UPDATE (policy, edition)",
    "registry.supply_group": STAYS,
    "registry.key_revision": "SELECT, INSERT, UPDATE (active_until)",
    "registry.tariff": STAYS,
    "registry.tariff_version": "SELECT, INSERT, UPDATE (valid_until, activated_at, activated_by)",
    "registry.customer": "SELECT, INSERT, UPDATE (name, phone, email, id_number, language)",
    "registry.service_point": "SELECT, INSERT, UPDATE (address, feeder, transformer, pole, phase)",
    "registry.contract": "SELECT, INSERT, UPDATE (tariff_id, closed, state, version)",
    "registry.meter": "SELECT, INSERT, UPDATE (model, sgc, krn, ti, kt, base_date, ken, key_phase, pending_sgc,"
    " pending_krn, pending_ti, pending_kt, pending_base_date, pending_ken, state, service_point_id, contract_id)",
    "registry.key_event": STAYS,
    "registry.vendor": "SELECT, INSERT, UPDATE (code, name, credit_limit, blocked)",
    "registry.terminal": "SELECT, INSERT, UPDATE (blocked)",
    "registry.operator": "SELECT, INSERT, UPDATE (roles, password_hash, totp_secret, blocked, person)",
    "registry.api_key": "SELECT, INSERT, UPDATE (revoked_at)",
    "registry.finder": PASSES,
    "registry.word": STAYS,
    "ledger.kind": "SELECT",
    "ledger.account": STAYS,
    "ledger.balance": "SELECT, INSERT, UPDATE (posted, held, credit_limit)",
    "ledger.credit_limit": STAYS,
    "ledger.hold": "SELECT, INSERT, UPDATE (state, ended_at, entry_id, note)",
    "ledger.entry": STAYS,
    "ledger.line": STAYS,
    "ledger.period": STAYS,
    "ledger.period_sum": STAYS,
    "ledger.period_summed": STAYS,
    "vending.module": "SELECT, INSERT, UPDATE (name, reconciled)",
    "vending.message": STAYS,
    "vending.refusal": STAYS,
    "vending.sale": STAYS,
    "vending.token": STAYS,
    "vending.withheld": PASSES,
    "vending.free_claim": PASSES,
    "vending.release": STAYS,
    "vending.reversal": STAYS,
    "vending.intent": PASSES,
    "trade.scheme_version": "SELECT, INSERT, UPDATE (valid_until, activated_at, activated_by)",
    "trade.term": STAYS,
    "trade.accrual": STAYS,
    "trade.shift": STAYS,
    "trade.shift_sale": STAYS,
    "trade.shift_total": STAYS,
    "trade.shift_count": STAYS,
    "trade.shift_end": STAYS,
    "trade.batch": STAYS,
    "trade.batch_member": STAYS,
    "trade.batch_void": STAYS,
    "trade.bank_account": STAYS,
    "trade.payer": STAYS,
    "trade.slip": STAYS,
    "trade.slip_withdrawn": STAYS,
    "trade.statement": STAYS,
    "trade.bank_entry": STAYS,
    "trade.decision": STAYS,
    "trade.proposal": STAYS,
    "trade.agreement": STAYS,
    "trade.voucher_batch": STAYS,
    "trade.voucher": "SELECT, INSERT, UPDATE (state)",
    "trade.voucher_act": STAYS,
    "trade.redemption": STAYS,
    "trade.redemption_end": STAYS,
    "trade.pin_guess": "SELECT, INSERT, DELETE, UPDATE (failures, not_before)",
    "fleet.model": STAYS,
    "fleet.evidence": STAYS,
    "fleet.withdrawal": STAYS,
    "fleet.policy": STAYS,
    "fleet.unit": "SELECT, INSERT, UPDATE (firmware, delivered, installed, battery)",
    "fleet.event": STAYS,
    "fleet.carrying": STAYS,
    "api.session": "SELECT, INSERT, DELETE, UPDATE (seen_at, ended_at, ended_by)",
    "api.sign_in": "SELECT, INSERT, UPDATE (last_step)",
    "api.attempt": "SELECT, INSERT, DELETE, UPDATE (failures, not_before, at)",
    "api.webhook": PASSES,
    "api.approval": STAYS,
    "api.decision": STAYS,
    "api.deed": STAYS,
    "api.emergency": STAYS,
    "api.alarm": STAYS,
    "api.alarm_answer": STAYS,
    "api.written": "SELECT, INSERT, DELETE, UPDATE (answer)",
    "api.proof": "SELECT, INSERT, UPDATE (finished_at, findings)",
    "api.sandbox_meter": "SELECT, INSERT, UPDATE (sgc, krn, ti, kt, base_date, ken, snapshot, version)",
    "api.rate": "SELECT, INSERT, DELETE, UPDATE (free_at)",
    "audit.batch": "SELECT, INSERT, UPDATE (first)",
    "audit.tile": STAYS,
    "audit.head": STAYS,
}
"""Every table, and what the worker may do with it. What a trigger does, it does with these rights too."""
SEQUENCES: Final = {"db.job_id_seq": "USAGE"}
FUNCTIONS: Final = (
    "registry.stage",
    "registry.look_at_stage",
    "registry.tidy_finder",
    "ledger.negated",
    "ledger.lock_number",
    "ledger.open_from",
    "ledger.opening",
    "vending.last_minutes",
    "vending.begin_making",
    "api.lease",
)
"""Those that are called by their names; a trigger needs no right to its function."""
SCHEMAS: Final = tuple(dict.fromkeys(name.partition(".")[0] for name in TABLES))

ONE_RIGHT: Final = re.compile(r"(?P<verb>\w+)(?: \((?P<columns>[^)]*)\))?")

# What a role may do in fact, however it came by it: by itself, as a member of another role, or as everybody may.
THERE: Final = """
WITH room AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($2)),
thing AS (
    SELECT c.oid, relkind, nspname || '.' || relname AS name FROM pg_class c JOIN room ON room.oid = relnamespace),
verb AS (
    SELECT unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS verb
    UNION ALL SELECT 'MAINTAIN' WHERE current_setting('server_version_num')::integer >= 170000)
SELECT 'table' AS kind, name, verb FROM thing, verb
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege($1::name, oid, verb)
UNION ALL SELECT 'table', name, verb || ' (' || attname || ')' FROM thing JOIN pg_attribute ON attrelid = oid, verb
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped
    AND verb IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
    AND has_column_privilege($1::name, oid, attnum, verb) AND NOT has_table_privilege($1::name, oid, verb)
UNION ALL SELECT 'sequence', name, right_ FROM thing, unnest('{USAGE,SELECT,UPDATE}'::text[]) AS right_
WHERE relkind = 'S' AND has_sequence_privilege($1::name, oid, right_)
UNION ALL SELECT 'function', nspname || '.' || proname, 'EXECUTE' FROM pg_proc p JOIN room ON room.oid = pronamespace
WHERE has_function_privilege($1::name, p.oid, 'EXECUTE')
UNION ALL SELECT 'schema', nspname, 'USAGE' FROM room WHERE has_schema_privilege($1::name, oid, 'USAGE')
UNION ALL SELECT 'schema', nspname, 'CREATE' FROM pg_namespace WHERE has_schema_privilege($1::name, oid, 'CREATE')
UNION ALL SELECT 'database', current_database(), right_ FROM unnest('{CREATE,TEMPORARY}'::text[]) AS right_
WHERE has_database_privilege($1::name, current_database(), right_)"""

# What sets a role above all rights.
POWERS: Final = """
WITH me AS (SELECT * FROM pg_roles WHERE rolname = $1), owner AS (
    SELECT relowner AS oid FROM pg_class WHERE relnamespace::regnamespace::text = ANY ($2)
    UNION SELECT nspowner FROM pg_namespace WHERE nspname = ANY ($2)
    UNION SELECT proowner FROM pg_proc WHERE pronamespace::regnamespace::text = ANY ($2)
    UNION SELECT datdba FROM pg_database WHERE datname = current_database())
SELECT 'is a superuser' FROM me WHERE rolsuper
UNION ALL SELECT 'owns tables, and can take their guards away' FROM me JOIN owner USING (oid) WHERE NOT rolsuper
UNION ALL SELECT 'may make roles' FROM me WHERE rolcreaterole AND NOT rolsuper
UNION ALL SELECT 'may read everything as a replica does' FROM me WHERE rolreplication AND NOT rolsuper
UNION ALL SELECT 'is held by no policy' FROM me WHERE rolbypassrls AND NOT rolsuper
UNION ALL SELECT 'may become ' || r.rolname FROM me, pg_roles r
WHERE NOT me.rolsuper AND r.oid <> me.oid AND pg_has_role(me.oid, r.oid, 'MEMBER')
    AND (r.rolsuper OR r.rolcreaterole OR r.oid IN (SELECT oid FROM owner)
        OR r.rolname ~ '^pg_' AND r.rolname <> 'pg_database_owner')"""

NAMES: Final = """
SELECT quote_ident($1), quote_ident(current_database()), ARRAY (
    SELECT quote_ident(nspname) FROM pg_namespace WHERE has_schema_privilege($1::text::name, oid, 'CREATE'))"""


class Right(NamedTuple):
    """One right.

    Attributes:
        kind: of what: a table, a sequence, a function, a schema, a database.
        name: which.
        verb: as SQL calls it, with the column it is confined to, if it is.
    """

    kind: str
    name: str
    verb: str


def declared() -> set[Right]:
    """The rights that the worker is to have, and no other."""
    return {
        *(Right("table", name, verb) for name, text in TABLES.items() for verb in verbs(text)),
        *(Right("sequence", name, verb) for name, text in SEQUENCES.items() for verb in verbs(text)),
        *(Right("function", name, "EXECUTE") for name in FUNCTIONS),
        *(Right("schema", name, "USAGE") for name in SCHEMAS),
    }


def verbs(text: str) -> Iterator[str]:
    """The rights in a list of them as SQL writes it, a right for each column where they are confined to some."""
    for found in ONE_RIGHT.finditer(text):
        columns = found["columns"]
        yield from (f"{found['verb']} ({it})" for it in columns.split(", ")) if columns else (found["verb"],)


async def rights_of(connection: Connection, role: str) -> set[Right]:
    """What a role may do in the rooms of this database, and what it may make anywhere."""
    return {Right(*row) for row in await connection.fetch(THERE, role, SCHEMAS)}


async def powers(connection: Connection, role: str) -> list[str]:
    """What sets a role above all rights, as the end of a sentence about it, in order."""
    return sorted(row[0] for row in await connection.fetch(POWERS, role, SCHEMAS))


async def overreach(connection: Connection, role: str) -> list[tuple[str, str, str]]:
    """What of a role goes beyond the worker's rights, as (what, which, the problem), in order."""
    if above := await powers(connection, role):
        return [("role", role, power) for power in above]
    beyond = sorted(await rights_of(connection, role) - declared())
    return [("role", role, f"may also {it.verb} on {it.kind} {it.name}") for it in beyond]


async def grant(connection: Connection, role: str) -> None:
    """Give a role the worker's rights, and take all others; and from everybody what nobody but the owner needs.

    Args:
        connection: a transaction of the owner's.
        role: the worker.
    """
    name, database, open_to_all = await connection.fetchrow(NAMES, role) or ("", "", [])
    rooms = ", ".join(SCHEMAS)
    for statement in (
        f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {name}",
        *(f"REVOKE CREATE ON SCHEMA {it} FROM PUBLIC, {name}" for it in open_to_all),
        *(
            f"REVOKE ALL ON ALL {it} IN SCHEMA {rooms} FROM PUBLIC, {name}"
            for it in ("TABLES", "SEQUENCES", "ROUTINES")
        ),
        f"GRANT USAGE ON SCHEMA {rooms} TO {name}",
        *(f"GRANT {rights} ON {table} TO {name}" for table, rights in TABLES.items()),
        *(f"GRANT {rights} ON SEQUENCE {it} TO {name}" for it, rights in SEQUENCES.items()),
        f"GRANT EXECUTE ON FUNCTION {', '.join(FUNCTIONS)} TO {name}",
    ):
        await connection.execute(statement)
