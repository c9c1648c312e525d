"""Supply groups, the names of their keys, and who signs in: added and changed by two."""

from typing import Any

import pytest

from tests.api.managing.desk import Clerk
from tests.api.staff import Person, enter
from tests.registry.town import new_id
from umbane.registry import Role

GROUPS = "/registry/supply-groups"
PEOPLE = "/registry/operators"


def a_group(**other: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A new supply group."""
    return {"sgc": "600675", "name": "Hill", "realm": "test", "reason": "new suburb"} | other


def a_key(**other: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The name of a new key."""
    usual = {"krn": 3, "kt": 2, "dkga": 4, "base_date": 2014, "module_key": "hill-3"}
    return usual | {"active_from": "2026-01-01T00:00:00Z", "reason": "rotation, 2026"} | other


async def test_a_group_and_its_key(clerk: Clerk) -> None:
    """A group and the name of its key are added by two; the key is ended by two, as it was read."""
    assert (await clerk.together(GROUPS, a_group())) == {"sgc": "600675", "name": "Hill", "realm": "test"}
    made = await clerk.together(f"{GROUPS}/600675/key-revisions", a_key())
    assert (made["krn"], made["ken"], made["realm"], made["active_until"]) == (3, 255, "test", None)
    assert made in (await clerk.get("/registry/keys"))["revisions"]
    path = f"{GROUPS}/600675/key-revisions/2/3/ending"
    body = {"until": "2027-01-01T00:00:00Z", "reason": "next one is out", "edition": made["edition"]}
    ended = await clerk.together(path, body)
    assert ended["active_until"] == "2027-01-01T00:00:00Z"
    await clerk.refused(409, "conflict", path, body)


async def test_a_group_that_is_there(clerk: Clerk) -> None:
    """What is there already is refused, and so is a key of a group that isn't."""
    await clerk.refused(409, "conflict", GROUPS, a_group(sgc="123456"))
    await clerk.refused(409, "conflict", f"{GROUPS}/123456/key-revisions", a_key(krn=1))
    await clerk.refused(404, "unknown_supply_group", f"{GROUPS}/999999/key-revisions", a_key())


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"krn": 0}, 400),
        ({"krn": 10}, 400),
        ({"kt": 0}, 400),
        ({"dkga": 3}, 422),
        ({"base_date": 2015}, 422),
        ({"ken": 256}, 400),
        ({"module_key": "=x"}, 422),
        ({"active_from": "2026-01-01"}, 400),
        ({"active_until": "2026-01-01T00:00:00Z"}, 422),
        ({"active_from": "0001-01-01T00:00:00+14:00"}, 422),
        ({"active_until": "9999-12-31T23:59:59-14:00"}, 422),
        ({"reason": " "}, 422),
    ],
)
async def test_a_key_that_is_none(clerk: Clerk, other: dict[str, Any], status: int) -> None:
    """What can't be a key is refused before anybody is asked."""
    answer = await clerk.ask("POST", f"{GROUPS}/123456/key-revisions", a_key(**other))
    assert answer.status_code == status, answer.text
    assert await clerk.counter.shop.look("SELECT count(*) FROM api.approval") == 0


@pytest.mark.parametrize("path", ["x/key-revisions/2/1", "123456/key-revisions/4/1", "123456/key-revisions/2/77"])
async def test_a_path_that_leads_nowhere(clerk: Clerk, path: str) -> None:
    """What is no key's name is told, and a key that isn't there isn't ended."""
    body = {"until": "2027-01-01T00:00:00Z", "reason": "x", "edition": "0" * 16}
    assert (await clerk.ask("POST", f"{GROUPS}/{path}/ending", body)).status_code == 422
    await clerk.refused(404, "unknown_key_revision", f"{GROUPS}/123456/key-revisions/2/9/ending", body)
    stale = f"{GROUPS}/123456/key-revisions/2/1/ending"
    await clerk.refused(409, "conflict", stale, body)
    for until in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        await clerk.refused(422, "bad_value", stale, body | {"until": until})


# --------------------------------------------------------------------------------------------------------------- people


def somebody(**other: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Somebody new."""
    usual = {"name": "awa", "full_name": "Awa Diop", "person": "E-17", "roles": ["cashier"], "reason": "hired"}
    return usual | other


async def test_somebody_new(clerk: Clerk) -> None:
    """Somebody is added, given other roles and let in again by two; kept out by one, at once."""
    made = await clerk.together(PEOPLE, somebody())
    assert (made["person"], made["roles"], made["has_password"], made["blocked"]) == ("e-17", ["cashier"], False, False)
    path = f"{PEOPLE}/{made['id']}"
    change = {"person": "e-17", "roles": ["auditor"], "reason": "moved", "edition": made["edition"]}
    changed = await clerk.together(path, change, method="PUT")
    assert (changed["roles"], changed["person"]) == (["auditor"], "e-17")
    await clerk.refused(409, "conflict", path, change, method="PUT")
    out = await clerk.do(f"{path}/blocking", {"blocked": True, "reason": "x", "edition": changed["edition"]})
    assert out["blocked"]
    back = {"blocked": False, "reason": "came back", "edition": out["edition"]}
    assert not (await clerk.together(f"{path}/blocking", back))["blocked"]


async def test_rights_of_ones_own(clerk: Clerk) -> None:
    """Nobody gives themselves a role, nor counts the agreement of whom they give one in the same breath."""
    me, friend = [await enter(clerk.counter, *roles) for roles in ([Role.ADMINISTRATOR], [Role.CASHIER])]
    mine = Clerk(clerk.counter, me.headers, friend)
    people = {it["id"]: it for it in await clerk.all_pages(PEOPLE, limit=100)}
    for person in (me, friend):
        body = {"person": person.operator.name, "roles": [*Role], "reason": "x"}
        body["edition"] = people[str(person.operator.id)]["edition"]
        path = f"{PEOPLE}/{person.operator.id}"
        told = await mine.refused(403, "approval_needed", path, body, method="PUT")
        for by in (me, friend):
            assert (await mine.agree(told["approval_id"], by)).status_code == 403
        await mine.refused(403, "approval_needed", path, body, method="PUT")
    after = {it["id"]: it["roles"] for it in await clerk.all_pages(PEOPLE, limit=100)}
    assert after[str(friend.operator.id)] == ["cashier"]


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"name": "a b"}, 422),
        ({"name": ""}, 400),
        ({"person": "="}, 422),
        ({"full_name": "\u202e"}, 422),
        ({"roles": ["king"]}, 400),
        ({"vendor_id": str(new_id())}, 404),
        ({"password": "correct horse"}, 400),
    ],
)
async def test_somebody_who_is_none(clerk: Clerk, other: dict[str, Any], status: int) -> None:
    """What can't be somebody is refused before anybody is asked."""
    answer = await clerk.ask("POST", PEOPLE, somebody(**other))
    assert answer.status_code == status, answer.text
    assert await clerk.counter.shop.look("SELECT count(*) FROM api.approval") == 0


async def test_an_end_of_sessions(clerk: Clerk) -> None:
    """Whoever is kept out is out of all sessions at once."""
    person: Person = await enter(clerk.counter, Role.CASHIER)
    found = next(it for it in await clerk.all_pages(PEOPLE, limit=100) if it["id"] == str(person.operator.id))
    body = {"blocked": True, "reason": "left", "edition": found["edition"]}
    await clerk.do(f"{PEOPLE}/{person.operator.id}/blocking", body)
    assert (await clerk.counter.http.get("/v1/me", headers=person.headers)).status_code == 401
