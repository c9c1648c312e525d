"""The registry over the API: who and what there is, and what becomes of it."""

import asyncio
import json
from typing import Any

import pytest

from tests.api.managing.desk import Clerk
from tests.api.staff import enter, session
from tests.registry.town import TARIFF, TSHWANE, new_id, revision
from umbane.registry import Role, add_key_revisions
from umbane.registry.listing import CUSTOMERS, page

NOBODY = str(new_id())
PLACES = "/registry/service-points"
METERS = "/registry/meters"
SECOND = (
    TSHWANE.partition("\nexamples:")[0]
    .replace("2025/26", "2026/27")
    .replace("2026-06-30", "2027-06-30")
    .replace("2025-07-01", "2026-07-01")
)


async def test_a_customer(clerk: Clerk) -> None:
    """A customer is added, read and changed, and everything that was done is in the record."""
    made = await clerk.do("/registry/customers", {"name": "Zoë  Khumalo", "phone": "+27821112222"})
    assert made == {
        "id": made["id"],
        "name": "Zoë Khumalo",
        "phone": "+27821112222",
        "email": None,
        "id_number": None,
        "language": None,
        "edition": made["edition"],
    }
    path = f"/registry/customers/{made['id']}"
    assert await clerk.get(path) == made
    changed = await clerk.do(path, {"name": "Zoë Dube", "language": "zu", "edition": made["edition"]}, method="PUT")
    assert await clerk.get(path) == changed | {"phone": None, "name": "Zoë Dube"}
    record = (await clerk.get(f"/registry/history/{made['id']}"))["items"]
    assert [it["action"] for it in record] == ["customer.add", "customer.change"]
    assert record[1]["details"]["name"] == ["Zoë Khumalo", "Zoë Dube"]
    assert all(it["by"].startswith("operator:p-") for it in record)


async def test_an_answer_of_an_older_umbane(clerk: Clerk) -> None:
    """What was answered before an update is answered again after it, though an answer has other fields by then."""
    body = {"name": "Zoë Khumalo"}
    first = await clerk.do("/registry/customers", body, key="once")
    older = json.dumps({"id": first["id"], "name": first["name"], "nickname": "Zo"})
    change = "UPDATE api.written SET answer = $1 WHERE key = 'once'"
    await clerk.counter.shop.town.database.run(lambda tx: tx.execute(change, older))
    assert await clerk.do("/registry/customers", body, status=200, key="once") == json.loads(older)


async def test_two_who_change_the_same(clerk: Clerk) -> None:
    """Of two people who read a customer and change it, the second is told that it isn't what they read."""
    path = f"/registry/customers/{clerk.counter.shop.town.customer.id}"
    edition = (await clerk.get(path))["edition"]
    await clerk.do(path, {"name": "First", "edition": edition}, method="PUT")
    await clerk.refused(409, "conflict", path, {"name": "Second", "edition": edition}, method="PUT")
    assert (await clerk.get(path))["name"] == "First"


async def test_two_at_the_same_moment(clerk: Clerk) -> None:
    """Of many who change the same edition at the same moment, exactly one does."""
    path = f"/registry/customers/{clerk.counter.shop.town.customer.id}"
    edition = (await clerk.get(path))["edition"]
    bodies = [{"name": f"Name {place}", "edition": edition} for place in range(8)]
    answers = await asyncio.gather(*(clerk.ask("PUT", path, body) for body in bodies))
    assert sorted(it.status_code for it in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": ""}, 400, "bad_body"),
        ({"name": "=HYPERLINK()"}, 422, "bad_value"),
        ({"name": "Zoë\u202e"}, 422, "bad_value"),
        ({"name": "Zoë", "phone": "call me"}, 422, "bad_value"),
        ({"name": "Zoë", "email": "nowhere"}, 422, "bad_value"),
        ({"name": "Zoë", "nickname": "Z"}, 400, "bad_body"),
    ],
)
async def test_a_customer_that_can_not_be(clerk: Clerk, body: dict[str, Any], status: int, code: str) -> None:
    """What can't be a name, a number or an address is refused, and nobody is added."""
    await clerk.refused(status, code, "/registry/customers", body)
    assert len(await clerk.all_pages("/registry/customers")) == 1


async def test_a_house(clerk: Clerk) -> None:
    """A place, a contract and a meter from the store make a household to which something can be sold."""
    town = clerk.counter.shop.town
    place = await clerk.do(PLACES, {"address": "3 Hill Road", "feeder": "F9", "phase": "L2"})
    body = {"customer_id": str(town.customer.id), "service_point_id": place["id"], "account_no": "900-1"}
    contract = await clerk.do("/registry/contracts", body | {"tariff": TARIFF, "opened": "2026-03-01"})
    new = {"number": "07000000021", "sgc": "123456", "krn": 1, "ti": 1}
    meter = await clerk.do(METERS, new)
    assert (meter["state"], meter["key"]["base_date"], meter["contract_id"]) == ("stocked", 2014, None)
    moves = f"{METERS}/{meter['id']}/moves"
    hung = await clerk.do(moves, {"move": {"kind": "install", "service_point_id": place["id"]}})
    assert (hung["state"], hung["contract_id"]) == ("installed", contract["id"])
    sale = clerk.counter.order() | {"meter": new["number"]}
    assert (await clerk.counter.http.post("/v1/sales", json=sale)).status_code == 201
    assert (await clerk.get(f"{METERS}/{meter['id']}"))["last_tid"] is not None


@pytest.mark.parametrize("broken", ["customer_id", "service_point_id", "tariff"])
async def test_a_contract_with_nothing(clerk: Clerk, broken: str) -> None:
    """A contract with a customer, place or tariff that isn't there is refused."""
    town = clerk.counter.shop.town
    place = await clerk.do(PLACES, {"address": "3 Hill Road"})
    body = {
        "customer_id": str(town.customer.id),
        "service_point_id": place["id"],
        "account_no": "900-1",
        "tariff": TARIFF,
        "opened": "2026-03-01",
        broken: NOBODY,
    }
    answer = await clerk.ask("POST", "/registry/contracts", body)
    assert (answer.status_code, answer.json()["code"]) == (404, f"unknown_{broken.removesuffix('_id')}")


async def test_who_moves(clerk: Clerk) -> None:
    """A place is taken over by somebody else, and the contract of who left can't be closed again."""
    town = clerk.counter.shop.town
    other = await clerk.do("/registry/customers", {"name": "Sipho"})
    path = f"/registry/contracts/{town.contract.id}"
    body = {"customer_id": other["id"], "account_no": "900-2", "tariff": TARIFF, "opened": "2026-03-12"}
    entered = await clerk.do(f"{path}/tenant", body)
    assert (entered["service_point_id"], entered["debts"]) == (str(town.place.id), [])
    assert (await clerk.get(path))["closed"] == "2026-03-12"
    assert [it["kind"] for it in (await clerk.get(path))["debts"]] == ["outstanding"]
    await clerk.refused(409, "transition", f"{path}/closing", {"on": "2026-03-13"})
    closed = await clerk.do(f"/registry/contracts/{entered['id']}/closing", {"on": "2026-04-30"})
    assert closed["closed"] == "2026-04-30"
    assert (await clerk.get(f"{METERS}/{town.meter.id}"))["contract_id"] is None


async def test_another_tariff(clerk: Clerk) -> None:
    """A contract goes by another tariff only if there is one."""
    path = f"/registry/contracts/{clerk.counter.shop.town.contract.id}/tariff"
    assert (await clerk.do(path, {"tariff": TARIFF}))["tariff"] == TARIFF
    await clerk.refused(404, "unknown_tariff", path, {"tariff": "none such"})


async def test_a_meter_that_is_blocked(clerk: Clerk) -> None:
    """Nothing is sold to a blocked meter until it is unblocked."""
    moves = f"{METERS}/{clerk.counter.shop.town.meter.id}/moves"
    await clerk.do(moves, {"move": {"kind": "block", "reason": "seal broken"}})
    assert (await clerk.counter.sell()).json()["code"] == "meter_blocked"
    await clerk.refused(409, "transition", moves, {"move": {"kind": "block", "reason": "again"}})
    await clerk.do(moves, {"move": {"kind": "unblock", "reason": "seal mended"}})
    assert (await clerk.counter.sell()).status_code == 201


async def test_a_meter_that_is_replaced(clerk: Clerk) -> None:
    """A meter is replaced, put back into the store, and scrapped; then nothing becomes of it."""
    town = clerk.counter.shop.town
    moves = f"{METERS}/{town.meter.id}/moves"
    new = {"kind": "replace", "new_meter_id": str(town.stocked.id), "reason": "burnt"}
    hung = await clerk.do(moves, {"move": new})
    assert (hung["id"], hung["contract_id"]) == (str(town.stocked.id), str(town.contract.id))
    assert (await clerk.do(moves, {"move": {"kind": "restock"}}))["state"] == "stocked"
    assert (await clerk.do(moves, {"move": {"kind": "scrap", "reason": "burnt"}}))["state"] == "scrapped"
    await clerk.refused(409, "transition", moves, {"move": {"kind": "restock"}})
    away = f"{METERS}/{town.stocked.id}/moves"
    assert (await clerk.do(away, {"move": {"kind": "remove", "reason": "move"}}))["state"] == "removed"


@pytest.mark.parametrize(
    ("new", "status", "code"),
    [
        ({"number": "07000000014"}, 422, "bad_number"),
        ({"sgc": "654321"}, 404, "unknown_key_revision"),
        ({"krn": 2}, 404, "unknown_key_revision"),
        ({"ea": 99}, 422, "bad_number"),
        ({"tct": 5}, 422, "bad_number"),
        ({"number": "known"}, 409, "conflict"),
    ],
)
async def test_a_meter_that_can_not_be(clerk: Clerk, new: dict[str, Any], status: int, code: str) -> None:
    """A meter with a wrong number, an unknown key or one that is there already is refused, and nothing is added."""
    body = {"number": "07000000021", "sgc": "123456", "krn": 1, "ti": 1} | new
    body["number"] = clerk.counter.meter if body["number"] == "known" else body["number"]
    await clerk.refused(status, code, METERS, body)
    assert len(await clerk.all_pages(METERS)) == 2


async def test_a_change_of_key(clerk: Clerk) -> None:
    """A key is planned, its tokens are fetched, and evidence settles it; every step is in the record."""
    town = clerk.counter.shop.town
    await town.does(add_key_revisions, [revision(2)])
    path = f"{METERS}/{town.meter.id}/key-changes"
    plan = {"kind": "plan", "sgc": "123456", "krn": 2, "ti": 1, "reason": "yearly"}
    planned = await clerk.do(path, {"change": plan})
    assert (planned["key"]["krn"], planned["pending"]["krn"], planned["key_phase"]) == (1, 2, "planned")
    await clerk.refused(409, "transition", path, {"change": {"kind": "settle", "evidence": "none"}})
    await clerk.do("/sales", clerk.counter.order(kind="change_key") | {"terminal_id": str(town.terminal.id)})
    await clerk.refused(409, "transition", path, {"change": plan})
    settled = await clerk.do(path, {"change": {"kind": "settle", "evidence": "read off the meter"}})
    assert (settled["key"]["krn"], settled["pending"], settled["key_phase"]) == (2, None, "settled")
    events = (await clerk.get(path))["items"]
    assert [(it["event"], it["key"]["krn"]) for it in events] == [("planned", 2), ("issued", 2), ("settled", 2)]


async def test_a_change_of_key_that_is_given_up(clerk: Clerk) -> None:
    """A plan is abandoned; one for a key that nobody knows, or a meter that isn't there, is refused."""
    town = clerk.counter.shop.town
    await town.does(add_key_revisions, [revision(2)])
    path = f"{METERS}/{town.meter.id}/key-changes"
    plan = {"kind": "plan", "sgc": "123456", "krn": 2, "ti": 1, "reason": "yearly"}
    await clerk.do(path, {"change": plan})
    assert (await clerk.do(path, {"change": {"kind": "abandon", "reason": "later"}}))["pending"] is None
    await clerk.refused(404, "unknown_key_revision", path, {"change": plan | {"krn": 3}})
    await clerk.refused(404, "unknown_meter", f"{METERS}/{NOBODY}/key-changes", {"change": plan})
    assert (await clerk.ask("GET", f"{METERS}/{NOBODY}/key-changes")).status_code == 404


async def test_pages(clerk: Clerk) -> None:
    """Pages of any length have everything once, in one order, and are narrowed down by what is asked for."""
    town = clerk.counter.shop.town
    for place in range(5):
        await clerk.do(PLACES, {"address": f"{place} Hill Road", "feeder": "F9"})
    pages = [[it["id"] for it in await clerk.all_pages(PLACES, limit)] for limit in (1, 2, 3, 100)]
    assert pages[0] == pages[1] == pages[2] == pages[3] == sorted(set(pages[0]))
    assert len(pages[0]) == 6
    assert len(await clerk.all_pages(PLACES, 2, feeder="F9")) == 5
    assert [it["id"] for it in await clerk.all_pages(METERS, state="stocked")] == [str(town.stocked.id)]
    assert [it["id"] for it in await clerk.all_pages(METERS, number=clerk.counter.meter)] == [str(town.meter.id)]
    assert [it["id"] for it in await clerk.all_pages("/registry/contracts", customer_id=str(town.customer.id))] == [
        str(town.contract.id)
    ]


@pytest.mark.parametrize("path", [PLACES, "/registry/operators", "/registry/vendors", "/books/accounts", "/jobs"])
@pytest.mark.parametrize("cursor", ["nonsense!", "AAAA", "A" * 64])
async def test_a_cursor_of_nobodys(clerk: Clerk, path: str, cursor: str) -> None:
    """A cursor that nobody was given gives an empty page or a problem, and never a fault."""
    answer = await clerk.ask("GET", path, params={"cursor": cursor})
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("column", ["arrears,outstanding:10.00", "free_from,2026-01-01", "Free From,x"])
async def test_a_table_with_gifts(clerk: Clerk, column: str) -> None:
    """A table that puts a debt on an account, or gives a right to free units, is refused; an empty column is none."""
    name, value = column.split(",")
    for path in ("/registry/meters/imports", "/registry/meters/imports/trial"):
        text = f"meter,sgc,krn,ti,{name}\n07000000021,123456,1,1,{value}\n"
        answer = await clerk.ask("POST", path, content=text, headers={"Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["field"]) == (422, name.lower().replace(" ", "_"))
    text = f"meter,sgc,krn,ti,{name}\n07000000021,123456,1,1,\n"
    answer = await clerk.ask("POST", "/registry/meters/imports", content=text, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["added"]) == (201, 1)


async def test_a_tariff(clerk: Clerk) -> None:
    """A version comes into force when somebody else has looked at it, and only then."""
    added = await clerk.do("/registry/tariffs", {"document": SECOND})
    assert (added["version"], added["activated_at"]) == ("2026/27", None)
    wish = {"tariff": TARIFF, "version": "2026/27", "reason": "council, 12 June"}
    await clerk.refused(403, "not_permitted", "/registry/tariffs/activations", wish)
    other = Clerk(clerk.counter, await session(clerk.counter, Role.TARIFF_MANAGER), clerk.colleague)
    active = await other.together("/registry/tariffs/activations", wish)
    assert active["activated_by"] != active["added_by"]
    await other.refused(409, "transition", "/registry/tariffs/activations", wish)
    await other.refused(404, "unknown_tariff_version", "/registry/tariffs/activations", wish | {"version": "none"})
    assert [it["version"] for it in (await clerk.get("/registry/tariffs"))["items"]] == ["2025/26", "2026/27"]
    assert (await clerk.get(f"/registry/tariffs/{added['sha256']}/document"))["document"] == SECOND


async def test_a_tariff_that_is_wrong(clerk: Clerk) -> None:
    """Everything that is wrong in a document is told with its line, and nothing is added."""
    problem = await clerk.refused(
        422, "bad_tariff", "/registry/tariffs", {"document": SECOND.replace("method: marginal", "method: magic")}
    )
    assert problem["detail"].startswith("line ")
    assert "method" in problem["detail"]
    await clerk.refused(422, "bad_value", "/registry/tariffs", {"document": SECOND.replace("ZAR", "KES")})
    await clerk.refused(409, "conflict", "/registry/tariffs", {"document": TSHWANE})
    await clerk.refused(413, "too_large", "/registry/tariffs", {"document": "#" * 200_000})
    assert len((await clerk.get("/registry/tariffs"))["items"]) == 1


async def test_keys_and_people(clerk: Clerk) -> None:
    """Names of keys and of people are told, and nothing of a key or of what anybody signs in with."""
    keys = await clerk.get("/registry/keys")
    assert [it["sgc"] for it in keys["groups"]] == [it["sgc"] for it in keys["revisions"]] == ["123456"]
    person, _ = await clerk.all_pages("/registry/operators")
    assert (person["has_password"], person["has_second_factor"], len(person["roles"])) == (True, True, len(Role))
    assert not {"password_hash", "totp_secret"} & person.keys()


async def test_somebody_of_a_vendor(clerk: Clerk) -> None:
    """Whoever works for a vendor sees nothing of the utility's own, whatever their roles."""
    town = clerk.counter.shop.town
    theirs = Clerk(clerk.counter, (await enter(clerk.counter, *Role, vendor_id=town.vendor.id)).headers)
    for path in ("/registry/customers", f"/registry/vendors/{town.vendor.id}", "/books/trial-balance", "/jobs"):
        answer = await theirs.ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    await theirs.refused(403, "not_permitted", "/registry/customers", {"name": "Zoë"})


@pytest.mark.parametrize("kind", ["customers", "contracts", "service-points", "meters", "vendors", "terminals"])
async def test_what_is_not_there(clerk: Clerk, kind: str) -> None:
    """What the utility doesn't have is not found, and what is no id is said to be none."""
    assert (await clerk.ask("GET", f"/registry/{kind}/{NOBODY}")).status_code == 404
    assert (await clerk.ask("GET", f"/registry/{kind}/7")).status_code == 422


async def test_to_change_what_is_not_there(clerk: Clerk) -> None:
    """What isn't there isn't changed, with whatever edition."""
    body = {"name": "Zoë", "edition": "0" * 16}
    await clerk.refused(404, "unknown_customer", f"/registry/customers/{NOBODY}", body, method="PUT")
    place = {"address": "3 Hill Road", "edition": "0" * 16}
    await clerk.refused(404, "unknown_service_point", f"{PLACES}/{NOBODY}", place, method="PUT")


async def test_a_place_that_changes(clerk: Clerk) -> None:
    """A place gets another address, and is found by it."""
    path = f"{PLACES}/{clerk.counter.shop.town.place.id}"
    edition = (await clerk.get(path))["edition"]
    await clerk.do(path, {"address": "99 Long Street", "pole": "P 9", "edition": edition}, method="PUT")
    assert (await clerk.get("/meters", q="99 long str"))["items"][0]["address"] == "99 Long Street"


async def test_a_column_of_nobodys(clerk: Clerk) -> None:
    """A list is narrowed down by the columns that it has for that, and by no other."""
    async with clerk.counter.shop.town.database.reading() as connection:
        with pytest.raises(TypeError, match="customer"):
            await page(connection, clerk.counter.shop.town.id, CUSTOMERS, limit=1, phone="+27")
