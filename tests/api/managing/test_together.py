"""What takes two people at a desk: nobody does it alone, under whatever name; what was agreed to is what is done."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.api.counter import api_key
from tests.api.managing.desk import Clerk
from tests.api.staff import Person, enter, fresh_code, hire, open_for
from tests.registry.town import NOW, new_id
from umbane.api.alarms import raise_alarm
from umbane.audit.store import waiting
from umbane.registry import Role, block_operator, change_policy, set_person, set_roles

POLICY = "/registry/policy"


@pytest.fixture
async def admin(clerk: Clerk) -> Clerk:
    """Give an administrator, and another one as the colleague."""
    people = [await enter(clerk.counter, Role.ADMINISTRATOR) for _ in range(2)]
    return replace(clerk, headers=people[0].headers, me=people[0], colleague=people[1])


async def wish(clerk: Clerk, **sale: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Another policy, held against the edition of the present one."""
    edition = (await clerk.get(POLICY))["edition"]
    policy = {"sale": sale or {"largest_money": 500_000}}
    return {"policy": policy, "edition": edition, "reason": "theft at night", "evidence": "minutes 12/2026"}


async def asked(clerk: Clerk, body: dict[str, Any], key: str = "p") -> str:
    """Ask for another policy; the id of what others have to agree to."""
    answer = await clerk.ask("PUT", POLICY, body, key)
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_needed"), answer.text
    return str(answer.json()["approval_id"])


async def largest(clerk: Clerk) -> int | None:
    """What the policy says about the largest purchase."""
    found: int | None = (await clerk.get(POLICY))["policy"]["sale"]["largest_money"]
    return found


async def test_together(admin: Clerk) -> None:
    """What is asked for is shown with its reason and evidence, agreed to by another, and done when it is sent again."""
    body = await wish(admin)
    approval = await asked(admin, body)
    assert await asked(admin, body) == approval
    assert await largest(admin) is None
    boss = replace(admin, headers=admin.friend.headers)
    [found] = (await boss.get("/approvals"))["items"]
    assert (found["id"], found["action"], found["needed"], found["status"]) == (approval, "policy", 1, "open")
    assert (found["request"]["body"], found["order"], found["meter"]) == (body, None, None)
    assert (found["reason"], found["evidence"]) == (body["reason"], body["evidence"])
    assert (await admin.agree(approval)).json()["status"] == "agreed"
    done = await admin.do(POLICY, body, method="PUT", key="p")
    assert (done["policy"]["sale"]["largest_money"], await largest(admin)) == (500_000, 500_000)
    assert await admin.do(POLICY, body, method="PUT", key="p", status=200) == done
    assert (await admin.get(f"/approvals/{approval}"))["status"] == "done"
    assert (await boss.get("/approvals"))["items"] == []
    auditor = Clerk(admin.counter, (await enter(admin.counter, Role.AUDITOR)).headers)
    told = (await auditor.get(f"/registry/history/{admin.counter.shop.town.id}"))["items"][-1]
    assert (told["action"], told["details"]["reason"]) == ("utility.policy", "theft at night")


async def test_what_cannot_be_done(admin: Clerk) -> None:
    """What is refused by a rule is refused before anybody is asked to agree to it."""
    body = await wish(admin)
    await admin.refused(409, "conflict", POLICY, body | {"edition": "0" * 16}, method="PUT")
    await admin.refused(422, "bad_value", POLICY, body | {"policy": {"sale": {"largest": 1}}}, method="PUT")
    await admin.refused(422, "bad_value", POLICY, body | {"reason": "=1+1"}, method="PUT")
    await admin.refused(422, "bad_value", POLICY, body | {"evidence": "a\u202eb"}, method="PUT")
    await admin.refused(400, "bad_body", POLICY, body | {"policy": []}, method="PUT")
    assert await admin.counter.shop.look("SELECT count(*) FROM api.approval") == 0


async def test_other_words(admin: Clerk) -> None:
    """Who agreed, agreed to these words: others under the same key are a conflict, and aren't done."""
    body = await wish(admin)
    await admin.agree(await asked(admin, body))
    answer = await admin.ask("PUT", POLICY, body | {"policy": {"sale": {"largest_money": 1}}}, "p")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_conflict")
    await asked(admin, body, "another-key")
    assert await largest(admin) is None


async def test_a_policy_that_asks_nobody(admin: Clerk) -> None:
    """A policy by which nobody has to agree takes others itself, and holds only when it is done."""
    body = await wish(admin) | {"policy": {"acts": {"policy": {"roles": ["administrator"], "approvals": 0}}}}
    await admin.agree(await asked(admin, body))
    await admin.do(POLICY, body, method="PUT", key="p")
    alone = await wish(admin)
    assert (await admin.do(POLICY, alone, method="PUT"))["policy"]["sale"]["largest_money"] == 500_000


async def test_refused(admin: Clerk) -> None:
    """One refusal ends it, and whoever asked is told why."""
    body = await wish(admin)
    approval = await asked(admin, body)
    no = {"decision": "refuse", "reason": "not before the audit"}
    answer = await admin.counter.http.post(f"/v1/approvals/{approval}/decision", json=no, headers=admin.friend.headers)
    assert answer.json()["status"] == "refused"
    assert "not before the audit" in (await admin.refused_key("p", 403, "approval_refused", POLICY, body))["detail"]


async def test_too_late(admin: Clerk) -> None:
    """Agreement is worth nothing after its time; the same is asked for anew."""
    body = await wish(admin)
    approval = await asked(admin, body)
    await admin.agree(approval)
    admin.counter.shop.wait(minutes=1440)
    assert await asked(admin, body) != approval
    assert await largest(admin) is None


async def test_at_once(admin: Clerk) -> None:
    """The same words sent many times at once are asked for once, and done once."""
    body = await wish(admin)
    answers = await asyncio.gather(*(admin.ask("PUT", POLICY, body, "p") for _ in range(6)))
    [approval] = {it.json()["approval_id"] for it in answers}
    await admin.agree(approval)
    answers = await asyncio.gather(*(admin.ask("PUT", POLICY, body, "p") for _ in range(6)))
    assert sorted(it.status_code for it in answers) == [200] * 5 + [201]


# ------------------------------------------------------------------------------------------------------------- who not


async def refused(admin: Clerk, by: Person, approval: str) -> tuple[int, str]:
    """The answer to somebody who wants to agree and mayn't."""
    answer = await admin.agree(approval, by)
    return answer.status_code, answer.json().get("code", "")


async def test_oneself(admin: Clerk) -> None:
    """Nobody agrees to what they asked for: not under their name, nor a second one, nor with an API key."""
    approval = await asked(admin, await wish(admin))
    me = admin.me
    assert me
    second = await hire(admin.counter.shop.town, *Role, person=me.operator.name)
    again = Person(second, await open_for(admin.counter.shop.town, second))
    key = await api_key(admin.counter.shop, ["approve", "write_policy", "engineer"])
    program = Person(me.operator, {"Authorization": f"Bearer {key}"})
    for somebody in (me, again, program):
        assert await refused(admin, somebody, approval) == (403, "not_permitted")
    assert (await replace(admin, headers=again.headers).get("/approvals"))["items"] == []
    await asked(admin, await wish(admin))
    assert await largest(admin) is None


async def test_a_second_name_that_came_out_later(admin: Clerk) -> None:
    """When it turns out that two are one person, what one agreed to for the other counts no more."""
    body = await wish(admin)
    await admin.agree(await asked(admin, body))
    assert admin.me
    await admin.counter.shop.town.does(set_person, admin.friend.operator.id, admin.me.operator.name)
    await asked(admin, body)


async def test_one_person_with_two_names(admin: Clerk) -> None:
    """Where two others have to agree, one person with two names is one of them."""
    two = {"acts": {"policy": {"roles": ["administrator", "supervisor"], "approvals": 2}}}
    await admin.counter.shop.town.does(change_policy, two)
    body = await wish(admin)
    approval = await asked(admin, body)
    assert (await admin.agree(approval)).json()["status"] == "open"
    twin = await hire(admin.counter.shop.town, Role.SUPERVISOR, person=admin.friend.operator.name)
    answer = await admin.agree(approval, Person(twin, await open_for(admin.counter.shop.town, twin)))
    assert (answer.status_code, len(answer.json()["decisions"]), answer.json()["status"]) == (200, 1, "open")
    third = await enter(admin.counter, Role.SUPERVISOR)
    assert (await admin.agree(approval, third)).json()["status"] == "agreed"


async def test_who_may_not(admin: Clerk) -> None:
    """Whom the policy doesn't name, who works for a vendor, is blocked or has no role, agrees to nothing."""
    approval, town = await asked(admin, await wish(admin)), admin.counter.shop.town
    custodian = await enter(admin.counter, Role.KEY_CUSTODIAN)
    of_vendor = await enter(admin.counter, Role.SUPERVISOR, Role.ADMINISTRATOR, vendor_id=town.vendor.id)
    for somebody in (custodian, of_vendor):
        assert await refused(admin, somebody, approval) == (404, "unknown_approval")
        assert (await admin.ask("GET", f"/approvals/{approval}", headers=somebody.headers)).status_code == 404
    for takes in ((set_roles, [Role.AUDITOR]), (block_operator,)):
        boss = await enter(admin.counter, Role.SUPERVISOR)
        fresh = approval if takes[0] is set_roles else await asked(admin, await wish(admin), "q")
        assert (await admin.agree(fresh, boss)).json()["status"] == "agreed"
        named = {"blocked": True, "reason": "left"} if takes[0] is block_operator else {}
        await town.does(takes[0], boss.operator.id, *takes[1:], **named)
        assert (await admin.get(f"/approvals/{fresh}"))["status"] == "open"


@pytest.mark.parametrize("code", [None, "000000", "used"])
async def test_without_a_fresh_code(admin: Clerk, code: str | None) -> None:
    """Whoever agrees shows a code of their second factor that was never used."""
    approval = await asked(admin, await wish(admin))
    body: dict[str, Any] = {"decision": "agree"}
    if code == "used":
        code = await fresh_code(admin.counter, admin.friend.operator)
        sql = "INSERT INTO api.sign_in (utility_id, operator_id, last_step) VALUES ($1, $2, 10^12::bigint)"
        values = admin.counter.shop.town.id, admin.friend.operator.id
        await admin.counter.shop.town.database.run(lambda tx: tx.execute(sql, *values))
    if code:
        body["code"] = code
    path = f"/v1/approvals/{approval}/decision"
    answer = await admin.counter.http.post(path, json=body, headers=admin.friend.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_code")
    assert (await admin.get(f"/approvals/{approval}"))["status"] == "open"


async def test_guessing_codes(admin: Clerk) -> None:
    """Wrong codes are counted as wrong words at the door are, and after too many of them the right one waits."""
    approval = await asked(admin, await wish(admin))
    path, body = f"/v1/approvals/{approval}/decision", {"decision": "agree", "code": "000000"}
    answers = [
        (await admin.counter.http.post(path, json=body, headers=admin.friend.headers)).json()["code"] for _ in range(7)
    ]
    assert answers == ["wrong_code"] * 6 + ["too_many_failures"]
    assert (await admin.agree(approval)).status_code == 429


# ---------------------------------------------------------------------------------------------------------- emergencies


async def overrule(clerk: Clerk, by: Person, approval: str, **other: Any) -> Any:  # noqa: ANN401 - any JSON
    """Ask to do it alone."""
    body = {"reason": "the town is dark", "code": await fresh_code(clerk.counter, by.operator)} | other
    answer = await clerk.counter.http.post(f"/v1/approvals/{approval}/emergency", json=body, headers=by.headers)
    return answer.status_code, answer.json()


async def test_an_emergency(admin: Clerk) -> None:
    """Who may do it in an emergency does it alone; an alarm is open until another person has looked at it."""
    body = await wish(admin)
    approval = await asked(admin, body)
    assert admin.me
    status, told = await overrule(admin, admin.me, approval)
    assert (status, told["status"], told["emergency"]) == (200, "agreed", "the town is dark")
    await admin.do(POLICY, body, method="PUT", key="p")
    [alarm] = (await admin.get("/alarms", open=True))["items"]
    assert (alarm["kind"], alarm["approval_id"]) == ("emergency", approval)
    assert (alarm["by"], "the town is dark" in alarm["words"]) == (f"operator:{admin.me.operator.name}", True)
    path = f"/alarms/{alarm['id']}/answer"
    await admin.refused(403, "not_permitted", path, {"answer": "all is well"})
    boss = replace(admin, headers=admin.friend.headers)
    answered = await boss.do(path, {"answer": "seen the minutes"}, status=200)
    assert (answered["answered_by"], answered["answer"]) == (admin.friend.operator.name, "seen the minutes")
    await boss.refused(409, "already_decided", path, {"answer": "again"})
    await boss.refused(404, "unknown_alarm", f"/alarms/{new_id()}/answer", {"answer": "x"})
    [said] = await logged(admin, "change", "alarm.answer")
    assert (said["object"], said["details"]) == (alarm["id"], {"answer": "seen the minutes"})
    assert (await admin.get("/alarms", open=True))["items"] == []
    assert len(await admin.all_pages("/alarms")) == 1


async def logged(clerk: Clerk, kind: str, action: str = "") -> list[dict[str, Any]]:
    """What waits in the log of this kind, and of this action."""
    async with clerk.counter.shop.town.database.reading() as connection:
        lines = [line for it in await waiting(connection, 999) for line in it.lines]
    return [it for it in map(json.loads, lines) if it["kind"] == kind and action in {"", it.get("action")}]


async def test_every_step_in_the_log(admin: Clerk) -> None:
    """That something was asked for, agreed to, refused, overruled and done stands in the log, with who and why."""
    body = await wish(admin)
    assert admin.me
    approval = await asked(admin, body)
    await admin.agree(approval)
    await admin.do(POLICY, body, method="PUT", key="p")
    other = await asked(admin, await wish(admin), "q")
    await overrule(admin, admin.me, other)
    no = {"decision": "refuse", "reason": "no"}
    await admin.counter.http.post(f"/v1/approvals/{other}/decision", json=no, headers=admin.friend.headers)
    said = await logged(admin, "approval")
    steps = [(it["approval"], it["step"], it.get("by"), it.get("agreed")) for it in said]
    me, friend = str(admin.me.operator.id), str(admin.friend.operator.id)
    assert steps == [
        (approval, "asked", me, None), (approval, "decided", friend, True), (approval, "done", None, None),
        (other, "asked", me, None), (other, "overruled", None, None), (other, "decided", friend, False),
    ]  # fmt: skip
    assert (said[0]["evidence"], said[0]["message"], said[4]["reason"]) == ("minutes 12/2026", "p", "the town is dark")


async def test_at_the_server_under_ones_own_name(admin: Clerk) -> None:
    """Who did something at the server doesn't answer the alarm about it under the same name at a desk."""
    assert admin.me
    town, name = admin.counter.shop.town, admin.me.operator.name
    await town.database.run(lambda tx: raise_alarm(tx, town.id, "server", f"cli:{name}", "roles", NOW))
    [alarm] = (await admin.get("/alarms"))["items"]
    await admin.refused(403, "not_permitted", f"/alarms/{alarm['id']}/answer", {"answer": "all is well"})
    boss = replace(admin, headers=admin.friend.headers)
    await boss.do(f"/alarms/{alarm['id']}/answer", {"answer": "seen"}, status=200)


async def test_no_emergency(admin: Clerk) -> None:
    """Nobody overrules for somebody else, without the policy's leave, without a code, or what was refused."""
    approval = await asked(admin, await wish(admin))
    assert admin.me
    assert (await overrule(admin, admin.friend, approval))[1]["code"] == "not_permitted"
    assert (await overrule(admin, admin.me, approval, code="000000"))[1]["code"] == "wrong_code"
    assert (await overrule(admin, admin.me, str(new_id())))[1]["code"] == "unknown_approval"
    no = {"decision": "refuse", "reason": "no"}
    await admin.counter.http.post(f"/v1/approvals/{approval}/decision", json=no, headers=admin.friend.headers)
    assert (await overrule(admin, admin.me, approval))[1]["code"] == "approval_closed"
    await admin.counter.shop.town.does(change_policy, {"approvals": {"emergency": []}})
    other = await asked(admin, await wish(admin), "q")
    assert (await overrule(admin, admin.me, other))[1]["code"] == "not_permitted"
    assert await admin.counter.shop.look("SELECT count(*) FROM api.alarm") == 0


async def test_an_emergency_at_a_till(clerk: Clerk) -> None:
    """An order that takes several people is made in an emergency by one, and the sale says so."""
    await clerk.counter.shop.town.does(change_policy, {"approvals": {"emergency": ["engineer"]}})
    engineer, terminal = await enter(clerk.counter, Role.ENGINEER), str(clerk.counter.shop.town.terminal.id)
    body = clerk.counter.order("e1", kind="engineer", action="clear_tamper") | {"terminal_id": terminal}
    first = await clerk.counter.http.post("/v1/sales", json=body, headers=engineer.headers)
    assert (await overrule(clerk, engineer, first.json()["approval_id"]))[0] == 200
    done = await clerk.counter.http.post("/v1/sales", json=body, headers=engineer.headers)
    assert (done.status_code, len(done.json()["tokens"])) == (201, 1)
    signed = await clerk.counter.shop.look("SELECT staff FROM vending.sale")
    assert signed == f"{engineer.operator.name}, in an emergency"


async def test_a_sale_taken_back_by_two(clerk: Clerk) -> None:
    """Where the policy wants two, a person takes a sale back with another's agreement; a till takes back its own."""
    town = clerk.counter.shop.town
    rule = {"roles": ["supervisor"], "approvals": 1}
    policy = {"sale": {"release": "on_confirmation"}, "acts": {"sale_reversal": rule}}
    await town.does(change_policy, policy)
    sales = [(await clerk.counter.sell(it)).json()["id"] for it in ("a", "b")]
    path, body = f"/sales/{sales[1]}/reversal", {"reason": "wrong meter"}
    needed = await clerk.refused(403, "approval_needed", path, body)
    by_message = await clerk.refused(
        403, "approval_needed", f"/messages/b/reversal?terminal_id={town.terminal.id}", body
    )
    assert needed["approval_id"] == by_message["approval_id"]
    await clerk.agree(needed["approval_id"])
    assert [(await clerk.do(path, body, status=200))["reversed"] for _ in range(2)] == [True, True]
    own = await clerk.counter.http.post("/v1/messages/a/reversal", json=body)
    assert (own.status_code, own.json()["reversed"]) == (200, True)
