"""What a till can find out: quotes, outcomes, the same digits again, whose digits these are."""

import pytest

from tests.api.counter import Counter, api_key
from tests.registry.town import NOW, new_id
from tests.vending.laboratory import LaboratoryModule
from umbane.api import TILL
from umbane.registry import ApiKeyLimits, Terminal, Vendor, add_terminals, add_vendors, issue_api_key


async def test_a_quote(counter: Counter, module: LaboratoryModule) -> None:
    """A quote has the same lines as the sale after it, and leaves no trace."""
    body = counter.order("a")
    del body["message_id"]
    offered = (await counter.http.post("/v1/quotes", json=body)).json()
    assert (module.count, await counter.shop.look("SELECT count(*) FROM vending.message")) == (0, 0)
    sold = (await counter.sell("a")).json()
    assert (offered["lines"], offered["units"]) == (sold["lines"], sold["units"])


async def test_the_outcome(counter: Counter) -> None:
    """What became of a message is told as it was answered, by its id and as the last response."""
    sold = (await counter.sell("a")).json()
    outcome = (await counter.http.get("/v1/messages/a")).json()
    last = (await counter.http.get("/v1/sales/last")).json()
    assert outcome == last == sold


async def test_no_outcome(counter: Counter) -> None:
    """A message that never came, and a till that never sold, have no outcome."""
    for path in ("/v1/messages/a", "/v1/sales/last", f"/v1/sales/{new_id()}"):
        answer = await counter.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_sale"), path
    assert (await counter.http.get("/v1/sales/x")).json()["code"] == "bad_value"


async def test_a_refused_outcome(counter: Counter) -> None:
    """The outcome of a message that was refused is that refusal."""
    first = (await counter.sell("a", kind="buy", money=1)).json()
    outcome = await counter.http.get("/v1/messages/a")
    assert (outcome.status_code, outcome.json()) == (422, first | {"repeated": outcome.json()["repeated"]})


async def test_a_reprint(counter: Counter, module: LaboratoryModule) -> None:
    """A reprint shows the same digits and makes no token."""
    sold = (await counter.sell()).json()
    again = (await counter.http.get(f"/v1/sales/{sold['id']}")).json()
    assert (again["tokens"], module.count) == (sold["tokens"], 1)


async def test_a_late_reversal(counter: Counter) -> None:
    """A sale whose digits were shown can't be taken back, and the answer says so."""
    await counter.sell("a")
    answer = await counter.http.post("/v1/messages/a/reversal", json={"reason": "a mistake"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_released")


async def test_a_confirmation(counter: Counter) -> None:
    """Confirming what was released at once gives the same digits."""
    sold = (await counter.sell("a")).json()
    answer = await counter.http.post("/v1/messages/a/confirmation")
    assert (answer.status_code, answer.json()["tokens"]) == (200, sold["tokens"])


async def test_nothing_to_confirm(counter: Counter) -> None:
    """What was never sold can't be confirmed or taken back."""
    confirmed = await counter.http.post("/v1/messages/a/confirmation")
    reversed_ = await counter.http.post("/v1/messages/a/reversal", json={"reason": "a mistake"})
    assert [(it.status_code, it.json()["code"]) for it in (confirmed, reversed_)] == [(404, "unknown_sale")] * 2


async def test_whose_digits(counter: Counter) -> None:
    """Digits that we issued are told with their sale; others are not ours."""
    sold = (await counter.sell()).json()
    ours = {"meter": counter.meter, "token": sold["tokens"][0]["digits"]}
    verdict = (await counter.http.post("/v1/verifications", json=ours)).json()
    assert (verdict["issued"], verdict["readable"], verdict["origin"]["sale_id"]) == (True, True, sold["id"])
    verdict = (await counter.http.post("/v1/verifications", json=ours | {"token": "1" * 20})).json()
    assert (verdict["issued"], verdict["origin"]) == (False, None)


async def test_finding(counter: Counter) -> None:
    """Customers are found by what is known of them, a page at a time."""
    first = (await counter.http.get("/v1/meters", params={"q": "Thandy Mokoena", "limit": 1})).json()
    assert (first["items"][0]["meter"], first["next_cursor"]) == (counter.meter, None)


async def test_pages_of_sales(counter: Counter) -> None:
    """Pages of sales follow one another without a gap or a repetition, and hold no digits."""
    sold = [(await counter.sell()).json() for _ in range(5)]
    found: list[str] = []
    cursor: str | None = ""
    for _ in range(3):
        page = await counter.http.get("/v1/sales", params={"meter": counter.meter, "limit": 2, "cursor": cursor})
        assert not [it for it in sold if it["tokens"][0]["digits"] in page.text]
        found += [it["id"] for it in page.json()["items"]]
        cursor = page.json()["next_cursor"]
    assert (found, cursor) == ([it["id"] for it in reversed(sold)], None)


async def test_bad_cursors(counter: Counter) -> None:
    """A cursor that nobody gave, a name twice, a limit beyond the greatest and unknown names are refused."""
    for query in (
        "cursor=x",
        "cursor=!!!!",
        "cursor=%C3%A4",
        "cursor=AAAA",
        "limit=0",
        "limit=101",
        "limit=1&limit=2",
        "who=x",
    ):
        answer = await counter.http.get(f"/v1/sales?meter={counter.meter}&{query}")
        assert answer.status_code in {400, 422}, query
    for start in ("!!!!", "x", "MDAw", "OTk5"):
        answer = await counter.http.get(f"/v1/meters?q=Thandi&cursor={start}")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_value"), start


async def test_being_at_home(counter: Counter) -> None:
    """Health and readiness answer to anybody, and the figures count what happened."""
    await counter.sell()
    health, ready = await counter.http.get("/health"), await counter.http.get("/ready")
    figures = (await counter.http.get("/metrics")).text
    assert (health.json(), ready.json()) == ({"status": "alive"}, {"status": "ready"})
    assert 'umbane_requests_total{code="",operation="sell",status="201"} 1.0' in figures


async def test_paths_that_lead_nowhere(counter: Counter) -> None:
    """What isn't there, or not with that method, is told as a problem."""
    nowhere, method = await counter.http.get("/v2/sales"), await counter.http.put("/v1/sales")
    assert [(it.status_code, it.json()["code"]) for it in (nowhere, method)] == [
        (404, "not_found"),
        (405, "method_not_allowed"),
    ]


async def test_a_slash_too_many(counter: Counter) -> None:
    """No path is sent on to another: behind a proxy that would show the caller's key to plain HTTP."""
    answer = await counter.http.post("/v1/sales/", json=counter.order())
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


NO_TEXTS = [
    ("GET", "/v1/messages/a%00b", None),
    ("POST", "/v1/messages/%00/confirmation", None),
    ("POST", "/v1/messages/%00/reversal", {"reason": "a slip"}),
    ("POST", "/v1/sandbox/meters/%00/keypad", {"keys": "1"}),
]


@pytest.mark.parametrize(("method", "path", "body"), NO_TEXTS)
async def test_a_path_that_no_database_keeps(
    counter: Counter, method: str, path: str, body: dict[str, str] | None
) -> None:
    """A path with the character U+0000 is refused."""
    answer = await counter.http.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_body")


async def test_another_vendors_sale(counter: Counter) -> None:
    """A till of another vendor finds no sale of ours: neither its digits nor that there was one."""
    town = counter.shop.town
    other = Vendor(new_id(), "V-2", "Other Shop")
    till = Terminal(new_id(), other.id, "T-1")
    await town.does(add_vendors, [other])
    await town.does(add_terminals, [till])
    _, key = await town.does(
        issue_api_key, other.id, till.id, label="theirs", scopes=map(str, TILL), limits=ApiKeyLimits(),
        randomness=bytes(32),
    )  # fmt: skip
    theirs = {"Authorization": f"Bearer {key}"}
    sold = (await counter.sell("a")).json()
    for path in (f"/v1/sales/{sold['id']}", "/v1/messages/a", "/v1/sales/last"):
        assert (await counter.http.get(path)).status_code == 200, path
        answer = await counter.http.get(path, headers=theirs)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_sale"), path
    for headers, count in ((theirs, 0), ({}, 1)):
        page = await counter.http.get("/v1/sales", params={"meter": counter.meter}, headers=headers)
        assert len(page.json()["items"]) == count


async def test_nobody_elses_sale(counter: Counter) -> None:
    """A till without a right to reprint sees no digits, not even of what it sold itself."""
    sold = (await counter.sell()).json()
    headers = {"Authorization": f"Bearer {await api_key(counter.shop, ['quote'])}"}
    answer = await counter.http.get(f"/v1/sales/{sold['id']}", headers=headers)
    assert (answer.status_code, sold["at"]) == (403, NOW.isoformat().replace("+00:00", "Z"))


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/sales", "GET, HEAD, POST"),
        ("/v1/sales/x", "GET, HEAD"),
        ("/v1/me/password", "PUT"),
        ("/metrics", "GET, HEAD"),
    ],
)
async def test_what_else_can_be_done(counter: Counter, path: str, methods: str) -> None:
    """Whoever asks with a method that isn't there is told all that are."""
    answer = await counter.http.request("PATCH", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert answer.json()["remedy"] == "see /openapi.json"


@pytest.mark.parametrize("query", ["", "?old=1", "?old=1&new=x", "?old=1&new=2&size=3", "?old=1&old=1&new=2"])
async def test_a_query_that_is_none(counter: Counter, query: str) -> None:
    """What is wrong behind the question mark is told as that, and not as a body."""
    answer = await counter.http.get(f"/v1/audit/consistency{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_body")
    assert "the query" in answer.json()["detail"]
