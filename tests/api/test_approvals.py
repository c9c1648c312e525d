"""What takes several people: nobody does it alone, nobody agrees with themselves, and nothing else is done instead."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.counter import Counter, api_key
from tests.api.staff import Person, enter, fresh_code
from tests.database import by_owner
from tests.registry.town import NOW, new_id
from tests.vending.shop import proven
from umbane.api.approving import Approval, Decision
from umbane.registry import (
    EngineeringAction,
    Role,
    Terminal,
    Vendor,
    add_terminals,
    add_vendors,
    block_operator,
    change_policy,
    read_policy,
    set_roles,
)

TAMPER = {"kind": "engineer", "action": "clear_tamper"}
GIFT: dict[str, Any] = {"kind": "give", "action": "free_issue", "units": 50, "reason": "goodwill"}


@dataclass(frozen=True)
class Office:
    """Two engineers and a supervisor."""

    counter: Counter
    engineer: Person
    colleague: Person
    boss: Person

    async def send(self, by: Person, message_id: str = "e1", meter: str = "", **order: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
        """Ask for an order; to clear a tamper condition unless said otherwise."""
        body = {
            "message_id": message_id, "meter": meter or self.counter.meter, "order": order or TAMPER,
            "terminal_id": str(self.counter.shop.town.terminal.id), "reason": "seal replaced, job 77",
        }  # fmt: skip
        return await self.counter.http.post("/v1/sales", json=body, headers=by.headers)

    async def ask(self, **sent: Any) -> str:  # noqa: ANN401 - as `send` has it
        """Let the engineer ask; answer the id of what others have to agree to."""
        answer = await self.send(self.engineer, **sent)
        assert answer.json()["code"] == "approval_needed", answer.text
        return str(answer.json()["approval_id"])

    async def decide(self, by: Person, approval: object, decision: str = "agree", reason: str = "") -> httpx.Response:
        """Agree or refuse."""
        code = await fresh_code(self.counter, by.operator)
        body = {"decision": decision, "reason": reason, "code": code}
        return await self.counter.http.post(f"/v1/approvals/{approval}/decision", json=body, headers=by.headers)

    async def get(self, by: Person, path: str = "", **query: object) -> Any:  # noqa: ANN401 - any JSON
        """Look at what waits, or at one of them."""
        answer = await self.counter.http.get(f"/v1/approvals{path}", params=dict(query), headers=by.headers)  # type: ignore[arg-type] # plain values
        return answer.json()

    async def waiting(self, by: Person) -> list[str]:
        """The ids of what waits for somebody."""
        return [it["id"] for it in (await self.get(by))["items"]]


@pytest.fixture
async def office(counter: Counter) -> Office:
    """Give the people who work there, signed in."""
    people = [await enter(counter, role) for role in (Role.ENGINEER, Role.ENGINEER, Role.SUPERVISOR)]
    return Office(counter, *people)


def said(answer: httpx.Response) -> tuple[int, str]:
    """The status of an answer, and its code."""
    return answer.status_code, answer.json().get("code", "")


# ------------------------------------------------------------------------------------------------------------ together


async def test_by_two(office: Office) -> None:
    """What was asked for is seen by another, agreed to, and done when the same message is sent again."""
    first = await office.send(office.engineer)
    told = first.json()
    assert (first.status_code, told["code"], told["final"]) == (403, "approval_needed", False)
    (found,) = (await office.get(office.boss))["items"]
    assert found | {"id": told["approval_id"], "status": "open", "needed": 1, "decisions": []} == found
    assert (found["asked_by"], found["message_id"]) == (office.engineer.operator.name, "e1")
    assert (found["order"]["action"], found["reason"]) == ("clear_tamper", "seal replaced, job 77")
    assert found["meter"] == office.counter.shop.town.meter.pan.digits
    agreed = await office.decide(office.boss, found["id"], reason="seen the photograph")
    assert (agreed.status_code, agreed.json()["status"]) == (200, "agreed")
    done = await office.send(office.engineer)
    assert (done.status_code, len(done.json()["tokens"][0]["digits"])) == (201, 20)
    again = await office.send(office.engineer)
    assert (again.status_code, again.json()["tokens"]) == (200, done.json()["tokens"])
    after = await office.get(office.engineer, f"/{found['id']}")
    assert (after["status"], [it["by"] for it in after["decisions"]]) == ("done", [office.boss.operator.name])
    names = f"{office.engineer.operator.name}, {office.boss.operator.name}"
    assert await office.counter.shop.look("SELECT staff FROM vending.sale") == names
    await proven(office.counter.shop)


async def test_nothing_before(office: Office) -> None:
    """As long as nobody agreed, the same message gets the same answer, is asked for once, and is in no book."""
    ids = {await office.ask() for _ in range(3)}
    assert len(ids) == 1
    assert await office.counter.shop.look("SELECT count(*) FROM vending.message") == 0
    assert await office.waiting(office.boss) == list(ids)


async def test_three(office: Office) -> None:
    """Where the policy wants two others, one is too few, and two are enough."""
    policy = {"engineering": {"clear_tamper": {"roles": ["engineer", "supervisor"], "approvals": 2}}}
    await office.counter.shop.town.does(change_policy, read_policy(policy))
    approval = await office.ask()
    assert (await office.decide(office.boss, approval)).json()["status"] == "open"
    assert said(await office.send(office.engineer)) == (403, "approval_needed")
    assert (await office.waiting(office.boss), await office.waiting(office.colleague)) == ([], [approval])
    assert (await office.decide(office.colleague, approval)).json()["status"] == "agreed"
    assert (await office.send(office.engineer)).status_code == 201


async def test_a_gift(office: Office) -> None:
    """Credit that nobody pays for is asked for with its own reason, if no other is given."""
    approval = await office.ask(**GIFT)
    assert (await office.get(office.boss, f"/{approval}"))["order"]["units"] == 50
    await office.decide(office.boss, approval)
    assert (await office.send(office.engineer, **GIFT)).json()["tokens"][0]["units"] == 50


async def test_alone_is_enough(office: Office) -> None:
    """What the policy lets one person do is done at once, and asks nobody."""
    answer = await office.send(office.engineer, kind="engineer", action="set_maximum_power_limit", value=5_000)
    assert (answer.status_code, await office.waiting(office.boss)) == (201, [])


# ------------------------------------------------------------------------------------------------- what must not happen


async def test_oneself(office: Office) -> None:
    """Nobody sees their own request among those to decide on, or agrees to it, whatever roles they have."""
    await office.counter.shop.town.does(set_roles, office.engineer.operator.id, [Role.ENGINEER, Role.SUPERVISOR])
    approval = await office.ask()
    assert await office.waiting(office.engineer) == []
    assert said(await office.decide(office.engineer, approval)) == (403, "not_permitted")
    assert said(await office.send(office.engineer)) == (403, "approval_needed")


async def test_oneself_in_the_database(office: Office) -> None:
    """The database itself takes no decision of whoever asked."""
    approval = await office.ask()
    values = office.counter.shop.town.id, approval, office.engineer.operator.id, office.counter.shop.now
    sql = "INSERT INTO api.decision VALUES ($1, $2, $3, true, '', $4)"
    with pytest.raises(asyncpg.RestrictViolationError):
        await office.counter.shop.town.database.run(lambda tx: tx.execute(sql, *values))


async def test_what_was_decided_stays(office: Office) -> None:
    """What was asked and decided is never changed or removed."""
    await office.decide(office.boss, await office.ask())
    for what in ("DELETE FROM {}", "UPDATE {} SET reason = 'x'", "TRUNCATE {} CASCADE"):
        for table in ("api.approval", "api.decision"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await by_owner(office.counter.shop.town.database, what.format(table))


async def test_twice(office: Office) -> None:
    """The same person counts once: the same again changes nothing, and nobody changes their mind."""
    approval = await office.ask()
    answers = [await office.decide(office.boss, approval) for _ in range(2)]
    assert [len(it.json()["decisions"]) for it in answers] == [1, 1]
    assert said(await office.decide(office.boss, approval, "refuse", "no")) == (409, "already_decided")


async def test_refused(office: Office) -> None:
    """One refusal ends it, with its reason, and for that message finally."""
    approval = await office.ask()
    assert (await office.decide(office.boss, approval, "refuse", "no photograph")).json()["status"] == "refused"
    answer = await office.send(office.engineer)
    assert (said(answer), answer.json()["final"]) == ((403, "approval_refused"), True)
    assert "no photograph" in answer.json()["detail"]
    assert said(await office.decide(office.colleague, approval)) == (409, "approval_closed")
    assert await office.waiting(office.colleague) == []


async def test_second_thoughts(office: Office) -> None:
    """Between agreement and deed another person may still refuse; after the deed nobody may."""
    approval = await office.ask()
    await office.decide(office.boss, approval)
    assert said(await office.decide(office.colleague, approval)) == (409, "approval_closed")
    assert (await office.decide(office.colleague, approval, "refuse", "wrong house")).status_code == 200
    assert said(await office.send(office.engineer)) == (403, "approval_refused")
    other = await office.ask(message_id="e2")
    await office.decide(office.boss, other)
    assert (await office.send(office.engineer, "e2")).status_code == 201
    assert said(await office.decide(office.colleague, other, "refuse", "too late")) == (409, "approval_closed")


async def test_a_refusal_without_a_reason(office: Office) -> None:
    """Whoever refuses says why, in words that can be kept."""
    approval = await office.ask()
    for reason in ("", " ", "=1+1", "\u202e", "x" * 201):
        assert (await office.decide(office.boss, approval, "refuse", reason)).status_code in {400, 422}, reason
    assert await office.waiting(office.boss) == [approval]


OTHERS: list[dict[str, Any]] = [
    {"kind": "engineer", "action": "clear_credit"},
    {"kind": "engineer", "action": "clear_tamper", "value": 1},
    GIFT,
    {"kind": "change_key"},
]


async def test_something_else(office: Office) -> None:
    """An agreement is to one message: anything else under its id is a conflict, and isn't done."""
    await office.decide(office.boss, await office.ask())
    for order in OTHERS:
        assert said(await office.send(office.engineer, **order)) == (409, "message_id_conflict"), order
    assert await office.counter.shop.look("SELECT count(*) FROM vending.sale") == 0


async def test_another_meter(office: Office) -> None:
    """The same order for another meter is another message."""
    await office.decide(office.boss, await office.ask())
    other = str(office.counter.shop.town.stocked.pan.drn)
    assert said(await office.send(office.engineer, meter=other)) == (409, "message_id_conflict")


async def test_no_meter(office: Office) -> None:
    """What is no meter of the utility's is refused as such, and nobody is asked to agree to it."""
    for meter in ("123", "07000000014", "600727000010010123"):
        answer = await office.send(office.engineer, f"m{meter}", meter=meter)
        assert (answer.status_code, answer.json()["final"]) == (422, True), meter
    assert await office.waiting(office.boss) == []


async def test_another_message(office: Office) -> None:
    """The same order under another message id has to be agreed to anew."""
    await office.decide(office.boss, await office.ask())
    assert said(await office.send(office.engineer, "e2")) == (403, "approval_needed")


async def test_another_engineer(office: Office) -> None:
    """Only whoever asked can do it; a colleague who agreed can't, nor one who didn't."""
    approval = await office.ask()
    assert said(await office.send(office.colleague)) == (403, "not_permitted")
    await office.decide(office.colleague, approval)
    assert said(await office.send(office.colleague)) == (403, "not_permitted")
    assert (await office.send(office.engineer)).status_code == 201


@pytest.mark.parametrize("agreed", [False, True])
async def test_too_late(office: Office, *, agreed: bool) -> None:
    """After the time of the policy nobody decides any more, and agreement is worth nothing; it is asked for anew."""
    policy = read_policy({"approvals": {"open_minutes": 60}})
    await office.counter.shop.town.does(change_policy, policy)
    approval = await office.ask()
    if agreed:
        await office.decide(office.boss, approval)
    office.counter.shop.wait(minutes=60)
    assert (await office.get(office.engineer, f"/{approval}"))["status"] == "expired"
    assert await office.waiting(office.colleague) == []
    assert said(await office.decide(office.colleague, approval)) == (409, "approval_closed")
    anew = await office.ask()
    assert anew != approval
    assert await office.waiting(office.boss) == [anew]
    await office.decide(office.boss, anew)
    assert (await office.send(office.engineer)).status_code == 201


async def test_just_in_time(office: Office) -> None:
    """One second before the end it is done."""
    await office.decide(office.boss, await office.ask())
    office.counter.shop.wait(minutes=1440, seconds=-1)
    assert (await office.send(office.engineer)).status_code == 201


async def test_somebody_who_left(office: Office) -> None:
    """Who agreed and was blocked, or has the role no more, doesn't count; another may agree instead."""
    approval = await office.ask()
    await office.decide(office.boss, approval)
    await office.counter.shop.town.does(block_operator, office.boss.operator.id, blocked=True, reason="left")
    assert said(await office.send(office.engineer)) == (403, "approval_needed")
    assert await office.waiting(office.colleague) == [approval]
    await office.decide(office.colleague, approval)
    await office.counter.shop.town.does(set_roles, office.colleague.operator.id, [Role.AUDITOR])
    assert said(await office.send(office.engineer)) == (403, "approval_needed")
    assert await office.counter.shop.look("SELECT count(*) FROM vending.sale") == 0


async def test_a_role_that_may_not(office: Office) -> None:
    """Who isn't named by the policy for this action neither sees it nor decides on it."""
    policy = {"engineering": {"clear_tamper": {"roles": ["engineer"], "approvals": 1}}}
    await office.counter.shop.town.does(change_policy, read_policy(policy))
    approval = await office.ask()
    assert await office.waiting(office.boss) == []
    assert said(await office.decide(office.boss, approval)) == (404, "unknown_approval")
    assert (await office.get(office.boss, f"/{approval}"))["code"] == "unknown_approval"
    assert await office.waiting(office.colleague) == [approval]


async def test_another_vendor(office: Office) -> None:
    """Somebody of one vendor neither sees nor decides what is asked for at another's till."""
    town = office.counter.shop.town
    elsewhere = Vendor(new_id(), "V-2", "Other Shop")
    await town.does(add_vendors, [elsewhere])
    await town.does(add_terminals, [Terminal(new_id(), elsewhere.id, "T-1")])
    stranger = await enter(office.counter, Role.SUPERVISOR, vendor_id=elsewhere.id)
    neighbour = await enter(office.counter, Role.SUPERVISOR, vendor_id=town.vendor.id)
    approval = await office.ask()
    assert (await office.waiting(stranger), await office.waiting(neighbour)) == ([], [approval])
    assert said(await office.decide(stranger, approval)) == (404, "unknown_approval")
    assert (await office.get(stranger, f"/{approval}"))["code"] == "unknown_approval"


async def test_no_such_request(office: Office) -> None:
    """An id that is none, or nobody's, is told."""
    answers = [await office.decide(office.boss, it) for it in ("x", new_id())]
    assert [it.status_code for it in answers] == [422, 404]


async def test_a_key(office: Office) -> None:
    """A program neither asks for such things, nor looks at them, nor agrees, whatever the scopes of its key."""
    approval = await office.ask()
    headers = {"Authorization": f"Bearer {await api_key(office.counter.shop, ['engineer', 'approve', 'sell'])}"}
    program = Person(office.boss.operator, headers)
    assert said(await office.decide(program, approval)) == (403, "not_permitted")
    assert (await office.get(program))["code"] == "not_permitted"
    assert said(await office.send(program)) == (403, "not_permitted")


async def test_at_once(office: Office) -> None:
    """The same message sent many times at once is asked for once."""
    answers = await asyncio.gather(*(office.send(office.engineer) for _ in range(8)))
    assert len({it.json()["approval_id"] for it in answers}) == 1
    assert await office.counter.shop.look("SELECT count(*) FROM api.approval") == 1


async def test_pages(office: Office) -> None:
    """What waits comes page by page, the oldest first, each once."""
    asked = [await office.ask(message_id=f"e{number}") for number in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await office.get(office.boss, **query)
        found += [it["id"] for it in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == asked


async def test_a_cursor_that_is_none(office: Office) -> None:
    """A cursor that nobody gave is refused."""
    for cursor in ("x", "Zm9v", "é", "A" * 64):
        assert (await office.get(office.boss, cursor=cursor))["code"] == "bad_value", cursor


# -------------------------------------------------------------------------------------------------------- how it stands

DECISIONS = st.lists(
    st.builds(
        Decision, st.sampled_from(["e-1", "e-2", "e-3", "thandi"]), st.just("somebody"),
        st.frozensets(st.sampled_from(Role), max_size=2), st.booleans(), st.booleans(), st.just("x"), st.just(NOW),
    ),
    max_size=5,
)  # fmt: skip


@given(DECISIONS, st.integers(0, 2), st.integers(-1, 1), st.booleans(), st.sets(st.sampled_from(Role), min_size=1))
def test_how_it_stands(decisions: list[Decision], needed: int, seconds: int, is_done: bool, roles: set[Role]) -> None:  # noqa: FBT001 - drawn
    """Done is done; one refusal refuses; after its time it is over; else it takes enough other people."""
    rule = {"roles": sorted(roles), "approvals": needed}
    policy = read_policy({"engineering": {"clear_tamper": rule}})
    ends = NOW + timedelta(hours=1)
    found = Approval(
        id=new_id(), person="thandi", asked_by="thandi", at=NOW, expires_at=ends, vendor="V-1", vendor_id=new_id(),
        terminal="T-1", message_id="e1", ordinal=0, fingerprint=bytes(16), meter="0" * 18,
        action=EngineeringAction.CLEAR_TAMPER, asked="{}", reason="", evidence="", emergency=None,
        is_done=is_done, decisions=tuple(decisions),
    )  # fmt: skip
    status = found.status(policy, ends + timedelta(seconds=seconds))
    last = {it.person: it for it in decisions if it.agreed and not it.blocked and it.person != "thandi"}
    agree = [it for it in last.values() if any(role in roles for role in it.roles)]
    others = [it for it in decisions if not it.agreed]
    expected = ["done"] * is_done + ["refused"] * bool(others) + ["expired"] * (seconds >= 0)
    expected += ["agreed"] * (len(agree) >= needed) + ["open"]
    assert status == expected[0]
