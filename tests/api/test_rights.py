"""Every role and every scope at every operation, as the OpenAPI document names them."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.counter import Counter, api_key
from tests.api.staff import enter, session
from tests.database import by_owner
from tests.project.tree import ROOT
from umbane.api import OPERATIONS, RIGHTS_OF, Right
from umbane.api.openapi import document
from umbane.registry import Role, block_operator

PUBLIC = {"sign_in", "health", "readiness", "log_head", "log_heads", "log_consistency"}
"""What takes no right. Everything else that is to be open to everybody has to be written down here too."""
FOR_PEOPLE = {
    *("engineer", "approve", "own", "read_registry", "write_registry", "move_meters", "read_vendors", "write_vendors"),
    *("deposit", "read_tariffs", "write_tariffs", "read_keys", "write_keys", "read_policy", "write_policy"),
    *("write_debts", "read_operators", "write_operators", "read_alarms", "answer_alarms", "read_history"),
    "read_log",
    *("read_books", "close_books", "jobs", "change_keys"),
}
"""What no API key does, whatever its scopes."""
EVERYBODY = {str(role) for role in Role}

MAY = {
    "quote": {"cashier", "supervisor", "tariff_manager"},
    "sell": {"cashier"},
    "reverse": {"supervisor"},
    "reprint": {"cashier", "supervisor"},
    "verify": {"supervisor", "engineer", "auditor"},
    "find": {"cashier", "supervisor", "engineer", "registrar", "accountant", "auditor"},
    "engineer": {"engineer"},
    "webhooks": {"vendor_manager"},
    "approve": EVERYBODY - {"cashier", "auditor"},
    "own": EVERYBODY,
    "read_registry": {"registrar", "engineer", "auditor"},
    "write_registry": {"registrar"},
    "move_meters": {"registrar", "engineer"},
    "change_keys": {"engineer"},
    "read_vendors": {"vendor_manager", "accountant", "auditor"},
    "write_vendors": {"vendor_manager"},
    "deposit": {"accountant"},
    "read_tariffs": {"tariff_manager", "registrar", "accountant", "auditor"},
    "write_tariffs": {"tariff_manager"},
    "read_keys": {"key_custodian", "engineer", "auditor"},
    "write_keys": {"key_custodian"},
    "read_policy": {"administrator", "auditor"},
    "write_policy": {"administrator"},
    "write_debts": {"accountant"},
    "read_operators": {"administrator", "auditor"},
    "write_operators": {"administrator"},
    "read_alarms": {"administrator", "supervisor", "auditor"},
    "answer_alarms": {"administrator", "supervisor"},
    "read_history": {"auditor"},
    "read_log": {"auditor"},
    "read_books": {"accountant", "auditor"},
    "close_books": {"accountant"},
    "jobs": {"administrator"},
}
"""Who may do what, written down a second time and by hand: nobody gets a right by a slip."""


@dataclass(frozen=True)
class Listed:
    """An operation as the document has it."""

    name: str
    method: str
    path: str
    rights: frozenset[str]

    async def ask(self, counter: Counter, headers: dict[str, str]) -> httpx.Response:
        """Knock. Rights are looked at first, so it takes no body to learn whether the door opens."""
        path = re.sub(r"{(\w+)}", str(UUID(int=7)), self.path)
        return await counter.http.request(self.method, path, headers=headers)


def listed() -> list[Listed]:
    """All operations, signing out the last, because nothing works after it."""
    made: dict[str, Any] = document(OPERATIONS)
    found = [
        Listed(it["operationId"], method.upper(), path, rights_in(it))
        for path, methods in made["paths"].items()
        for method, it in methods.items()
    ]
    return sorted(found, key=lambda it: it.name == "sign_out")


def rights_in(operation: dict[str, Any]) -> frozenset[str]:
    """The rights of which an operation takes one."""
    return frozenset(right for it in operation.get("security", ()) for right in it["bearer"])


ALL = listed()


def is_refused(answer: httpx.Response) -> bool:
    """Whether the door stayed shut for want of a right."""
    told = answer.json() if answer.status_code == 403 else {}
    return told.get("code") == "not_permitted" and told.get("remedy", "").startswith("it takes: ")


def test_every_operation_takes_a_right() -> None:
    """An operation without a right is one of those that are written down as open to everybody."""
    assert {it.name for it in ALL if not it.rights} == PUBLIC


def test_every_operation_is_on_a_page() -> None:
    """Whoever reads the documentation finds every operation there is."""
    pages = "".join(it.read_text(encoding="utf-8") for it in (ROOT / "docs").glob("*.md"))
    assert [
        f"{it.method} {it.path}" for it in ALL if not re.search(f"`{it.method} {re.escape(it.path)}[`?]", pages)
    ] == []


def test_every_right_is_somebodys() -> None:
    """The rights of the document and those of the roles are those that are written down here."""
    assert {right for it in ALL for right in it.rights} == set(MAY) == {str(it) for it in Right}
    assert {role: {str(it) for it in rights} | {"own"} for role, rights in RIGHTS_OF.items()} == {
        role: {right for right, roles in MAY.items() if role in roles} for role in Role
    }


@pytest.mark.parametrize("role", Role)
async def test_every_role(counter: Counter, role: Role) -> None:
    """Each role opens exactly the doors that it has a right to, and all others answer 403."""
    headers = await session(counter, role)
    opened = {it.name for it in ALL if not is_refused(await it.ask(counter, headers))}
    assert opened == {it.name for it in ALL if not it.rights or any(role in MAY[right] for right in it.rights)}


async def test_nobody_in_particular(counter: Counter) -> None:
    """Somebody without any role looks after their own sessions, and that is all."""
    headers = await session(counter)
    opened = {it.name for it in ALL if not is_refused(await it.ask(counter, headers))}
    assert opened == PUBLIC | {it.name for it in ALL if it.rights == {"own"}}


async def test_two_roles(counter: Counter) -> None:
    """Who holds two roles may do what either may, and nothing else."""
    headers = await session(counter, Role.AUDITOR, Role.VENDOR_MANAGER)
    both = {right for right, roles in MAY.items() if roles & {"auditor", "vendor_manager"}}
    opened = {it.name for it in ALL if not is_refused(await it.ask(counter, headers))}
    assert opened == {it.name for it in ALL if not it.rights or it.rights & both}


async def test_people_of_a_vendor(counter: Counter) -> None:
    """Who works for a vendor opens no door that is for the utility's own people, with all roles there are."""
    person = await enter(counter, *Role, vendor_id=counter.shop.town.vendor.id)
    opened = {it.name for it in ALL if not is_refused(await it.ask(counter, person.headers))}
    theirs = {*MAY} - (FOR_PEOPLE - {"engineer", "approve", "own"})
    assert opened == {it.name for it in ALL if not it.rights or it.rights & theirs}


async def opened_by_key(counter: Counter, *scopes: str) -> set[str]:
    """The doors that an API key with these scopes opens."""
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, scopes)}"}
    return {it.name for it in ALL if not is_refused(await it.ask(counter, headers))}


async def test_every_scope(counter: Counter) -> None:
    """An API key opens exactly the doors of its scope, and none that are for people."""
    for scope in Right:
        doors = {it.name for it in ALL if not it.rights or it.rights & ({scope} - FOR_PEOPLE)}
        assert await opened_by_key(counter, scope) == doors, scope


async def test_scopes_that_are_none(counter: Counter) -> None:
    """A key with scopes that nobody knows, or with all that are for people, opens no door."""
    for scopes in ([], ["everything"], ["*", "SELL", "sell "], sorted(FOR_PEOPLE)):
        assert await opened_by_key(counter, *scopes) == PUBLIC, scopes


async def shut(counter: Counter, headers: dict[str, str]) -> set[str]:
    """The doors at which somebody is a stranger."""
    answers = {it.name: await it.ask(counter, headers) for it in ALL}
    strange = {name for name, it in answers.items() if it.status_code == 401 and it.json()["code"] == "not_let_in"}
    assert all(answers[it].headers["www-authenticate"] == "Bearer" for it in strange)
    return strange


STRANGERS = [
    "",
    "Bearer",
    "Bearer umb_",
    "Bearer ums_",
    "Basic umb_x",
    "Bearer umb_" + "a" * 64,
    "Bearer " + "a" * 5_000,
]


async def test_strangers(counter: Counter) -> None:
    """Whoever shows nothing of ours is refused at every operation that takes a right, whatever else they send."""
    for header in STRANGERS:
        assert await shut(counter, {"Authorization": header}) == {it.name for it in ALL if it.rights}, header


ENDS = {
    "signed out": "UPDATE api.session SET ended_at = now()",
    "idle": "UPDATE api.session SET seen_at = now() - interval '31 minutes'",
    "over": "UPDATE api.session SET expires_at = now() - interval '1 second'",
}


async def test_a_session_that_ended(counter: Counter) -> None:
    """A session that was signed out of, that nobody used for half an hour, or that is over opens no door."""
    for end, sql in ENDS.items():
        headers = await session(counter, *Role)
        await by_owner(counter.shop.town.database, sql)
        assert await shut(counter, headers) == {it.name for it in ALL if it.rights}, end


async def test_somebody_blocked_meanwhile(counter: Counter) -> None:
    """Whoever is blocked stands before closed doors from that moment, with the session that they have."""
    person = await enter(counter, *Role)
    await counter.shop.town.does(block_operator, person.operator.id, blocked=True, reason="left")
    assert await shut(counter, person.headers) == {it.name for it in ALL if it.rights}
