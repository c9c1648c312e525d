"""Nothing of one utility is reached with the id of another: not by any verb, not by any statement, not by hand."""

import ast
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import umbane.registry
from tests.database import by_owner
from tests.registry.test_apikeys import LIMITS, issued
from tests.registry.test_operators import THEMBA
from tests.registry.town import NEXT_KEY, NOW, TARIFF, TODAY, TSHWANE, Town, meter, new_id, revision
from umbane.db import Connection, write
from umbane.db.errors import ConflictError
from umbane.ledger.debts import Origin
from umbane.pricing import Arrears, CustomerState
from umbane.registry import (
    Contract,
    MeterState,
    NotFoundError,
    Realm,
    RegistryError,
    SupplyGroup,
    Terminal,
    add_key_revisions,
    add_operator,
    add_supply_groups,
    add_tariff_version,
    mark_issued,
    moved_states,
)
from umbane.sts import KRN, KT, SGC

SOURCES = sorted(Path(inspect.getfile(umbane.registry)).parent.glob("*.py"))

READERS: dict[str, Callable[[Town], tuple[Any, ...]]] = {
    "api_keys": lambda _: (),
    "contract": lambda it: (it.contract.id,),
    "contract_by_account": lambda it: (it.contract.account_no,),
    "customer": lambda it: (it.customer.id,),
    "find": lambda it: (it.meter.pan.digits,),
    "history": lambda it: (it.meter.id,),
    "key_events": lambda it: (it.meter.id,),
    "key_revisions": lambda _: (),
    "meter": lambda it: (it.meter.id,),
    "meter_by_number": lambda it: (it.meter.pan.digits,),
    "operator": lambda _: (THEMBA.id,),
    "operator_by_name": lambda _: ("themba",),
    "operators": lambda _: (),
    "service_point": lambda it: (it.place.id,),
    "supply_groups": lambda _: (),
    "tariff_versions": lambda _: (),
    "terminal": lambda it: (it.terminal.id,),
    "terminals": lambda it: (it.vendor.id,),
    "utility": lambda _: (),
    "vendor": lambda it: (it.vendor.id,),
    "vendor_by_code": lambda it: (it.vendor.code,),
    "vendors": lambda _: (),
}
"""Every verb that reads with the id of a utility, and what to ask it for in a town."""

WRITERS: dict[str, Callable[[Town], tuple[Any, ...]]] = {
    "abandon_keys": lambda it: ([it.meter.id], NOW, "x"),
    "activate_tariff": lambda _: ("unknown", "1"),
    "add_debt": lambda it: (it.contract.id, Arrears("outstanding", 1), Origin.CHARGED, NOW, "x"),
    "add_key_revisions": lambda _: ([revision(5)],),
    "add_meters": lambda it: ([meter(9, state=MeterState.INSTALLED, service_point_id=it.place.id)],),
    "add_operator": lambda it: (replace(THEMBA, id=new_id(), name="x", vendor_id=it.vendor.id),),
    "add_terminals": lambda it: ([Terminal(new_id(), it.vendor.id, "T-9")],),
    "block_meter": lambda it: (it.meter.id, "x"),
    "block_operator": lambda _: (THEMBA.id,),
    "block_terminal": lambda it: (it.terminal.id,),
    "change_customer": lambda it: (it.customer,),
    "change_service_point": lambda it: (it.place,),
    "change_state": lambda it: (it.contract.id, 0, CustomerState(), "x"),
    "change_tariff": lambda it: (it.contract.id, TARIFF),
    "change_tenant": lambda it: (it.contract.id, it.contract),
    "change_vendor": lambda it: (it.vendor, "x"),
    "close_contract": lambda it: (it.contract.id, TODAY),
    "end_key_revision": lambda _: ((NEXT_KEY.sgc, KT.DUTK, KRN(7)), NOW),
    "install_meter": lambda it: (it.stocked.id, it.place.id),
    "issue_api_key": lambda it: (it.vendor.id, it.terminal.id),
    "let_claim_free": lambda it: (it.contract.id, None, None, "x"),
    "mark_issued": lambda it: ([it.meter.id], [NEXT_KEY], NOW, "x"),
    "open_contracts": lambda it: ([Contract(new_id(), it.customer.id, it.place.id, "A-9", TARIFF, TODAY)],),
    "plan_keys": lambda it: ([it.meter.id], [NEXT_KEY], NOW, "x"),
    "remove_meter": lambda it: (it.meter.id, "x"),
    "replace_meter": lambda it: (it.meter.id, it.stocked.id, "x"),
    "restock_meter": lambda it: (it.stocked.id,),
    "scrap_meter": lambda it: (it.stocked.id, "x"),
    "set_password_hash": lambda _: (THEMBA.id, "$argon2id$x"),
    "set_person": lambda _: (THEMBA.id, "e-17"),
    "set_roles": lambda _: (THEMBA.id, []),
    "set_totp": lambda _: (THEMBA.id, None),
    "settle_keys": lambda it: ([it.meter.id], NOW, "x"),
    "unblock_meter": lambda it: (it.meter.id, "x"),
}
"""Every verb that writes about something that is there, and what to ask it for in a town."""

NAMED: dict[str, dict[str, Any]] = {
    "block_operator": {"blocked": True, "reason": "x"},
    "block_terminal": {"blocked": True, "reason": "x"},
    "issue_api_key": {"label": "x", "scopes": [], "limits": LIMITS, "randomness": bytes(32)},
}
ADDING = {"add_customers", "add_service_points", "add_supply_groups", "add_tariff_version", "add_vendors"}
"""These add what points to nothing but the utility itself."""
ELSEWHERE = {"add_utility", "api_key_by_secret", "change_policy", "import_meters", "import_utility", "revoke_api_key"}
ELSEWHERE |= {
    "hold_utility",
    "is_same_person",
    "utilities",
    "utility_by_code",
    "load_for_sale",
    "load_terminals",
    "take_debt_back",
}
"""These have no id of a utility, or have tests of their own about it."""
APART = {"add_key_revisions", "end_key_revision", "activate_tariff"}
"""Both towns have such keys and tariffs; what is asked for here is nowhere, or would be one's own."""


TABLES = (
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'registry' AND column_name = 'utility_id'"
)


def verbs() -> set[str]:
    """Everything that can be awaited in the registry."""
    return {it for it in umbane.registry.__all__ if inspect.iscoroutinefunction(getattr(umbane.registry, it))}


def test_every_verb_is_listed() -> None:
    """No verb of the registry is left out here."""
    assert verbs() == set(READERS) | set(WRITERS) | ADDING | ELSEWHERE


def verb(name: str) -> Callable[..., Awaitable[Any]]:
    """A verb by its name."""
    function: Callable[..., Awaitable[Any]] = getattr(umbane.registry, name)
    return function


async def everything(of: Town) -> list[str]:
    """Every row of every table that belongs to a utility, as text."""

    async def work(tx: Connection) -> list[str]:
        tables = [it["table_name"] for it in await tx.fetch(TABLES)]
        rows = [
            await tx.fetch(f"SELECT t::text FROM registry.{it} t WHERE utility_id = $1 ORDER BY 1", of.id)  # noqa: S608 - our tables
            for it in tables
        ]
        return [row["t"] for found in rows for row in found]

    return await of.database.run(work)


async def furnish(town: Town) -> set[str]:
    """Give a town some things that only it has; answer the words by which anything of it would be recognised."""
    key, _ = await issued(town)
    await town.does(add_operator, THEMBA)
    await town.does(add_supply_groups, [SupplyGroup(SGC(777), "theirs alone", Realm.TEST)])
    await town.does(add_key_revisions, [revision(4, module_key="theirs alone")])
    await town.does(add_tariff_version, TSHWANE.replace(TARIFF, "theirs-alone"))
    await town.does(mark_issued, [town.meter.id], [NEXT_KEY], NOW, "theirs alone")
    things = (town, town.customer, town.place, town.contract, town.meter, town.stocked, town.vendor, town.terminal)
    words = {*(str(it.id) for it in (*things, THEMBA, key)), town.meter.pan.digits, str(town.meter.pan.drn)}
    return words | {town.contract.account_no, "theirs alone", "theirs-alone", "meter.install"}


async def answer(town: Town, name: str, asked: tuple[Any, ...]) -> str:
    """What a reader answers, or that it finds nothing."""
    try:
        return repr(await town.reads(verb(name), *asked))
    except NotFoundError as error:
        return type(error).__name__


@pytest.mark.parametrize("name", READERS)
async def test_readers(town: Town, other: Town, name: str) -> None:
    """Whatever is asked for with the id of another utility, nothing in the answer is the first one's."""
    traces, asked = await furnish(town), READERS[name](town)
    assert [it for it in traces if it in await answer(town, name, asked)]
    assert [it for it in traces if it in await answer(other, name, asked)] == []


@pytest.mark.parametrize("name", [it for it in WRITERS if it not in APART])
async def test_writers(town: Town, other: Town, name: str) -> None:
    """What is written about with the id of another utility is refused, and nothing changes on either side."""
    await town.does(add_operator, THEMBA)
    before = await everything(town), await everything(other)
    with pytest.raises(RegistryError):
        await other.does(verb(name), *WRITERS[name](town), **NAMED.get(name, {}))
    assert (await everything(town), await everything(other)) == before


async def test_a_sale(town: Town, other: Town) -> None:
    """A sale is never stored to a meter or contract with the id of another utility."""
    before = await everything(town)
    with pytest.raises(ConflictError):
        await town.database.run(
            lambda tx: write(tx, moved_states(other.id, [town.contract.id], [CustomerState()], [0]))
        )
    assert await everything(town) == before


@pytest.mark.parametrize(
    ("table", "column", "whose"),
    [
        ("contract", "customer_id", "customer"),
        ("contract", "service_point_id", "place"),
        ("meter", "contract_id", "contract"),
        ("meter", "service_point_id", "place"),
        ("terminal", "vendor_id", "vendor"),
    ],
)
async def test_by_hand(town: Town, other: Town, table: str, column: str, whose: str) -> None:
    """The database itself lets nothing of one utility point to something of another."""
    sql = f"UPDATE registry.{table} SET {column} = $2 WHERE utility_id = $1 AND {column} IS NOT NULL"  # noqa: S608 - listed above
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await by_owner(town.database, sql, town.id, getattr(other, whose).id)


def statements(source: Path) -> list[str]:
    """Every SQL statement in a source file; what is filled in is left out."""
    nodes = list(ast.walk(ast.parse(source.read_text(encoding="utf-8"))))
    pieces = {id(it) for node in nodes if isinstance(node, ast.JoinedStr) for it in node.values}
    found = [
        "".join(
            str(it.value)
            for it in (node.values if isinstance(node, ast.JoinedStr) else [node])
            if isinstance(it, ast.Constant)
        )
        for node in nodes
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and id(node) not in pieces)
    ]
    return [it for it in found if re.search(r"\b(FROM|JOIN|INTO|UPDATE)\s+registry\.", it)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda it: it.stem)
def test_every_statement_names_the_utility(source: Path) -> None:
    """Every statement on a table of the registry says whose rows it means, but those about utilities themselves."""
    exempt = re.compile(
        r"FROM registry\.utility\b|UPDATE registry\.utility\b|INTO registry\.utility\b|WHERE hash = \$1"
    )
    assert [it for it in statements(source) if "utility_id" not in it and not exempt.search(it)] == []


def test_a_statement_without_utility_is_noticed() -> None:
    """The look-out sees statements where there are any."""
    assert sum(len(statements(it)) for it in SOURCES) > 40
