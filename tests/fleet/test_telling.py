"""What the log is told of a fleet."""

import json
from typing import Any

from tests.fleet.events import told, work_order
from tests.fleet.support import BLUE, CERTIFICATE, DAY, STRICT, hang_up, paper, with_blue
from tests.registry.town import Town
from umbane.audit.entries import entries_of
from umbane.fleet import Block, Unit, add_evidence, change_approvals, describe_units, enforce, withdraw_evidence


async def said(town: Town, kind: str = "fleet") -> list[dict[str, Any]]:
    """What the log says of this kind."""
    rows = await town.database.run(lambda tx: tx.fetch("SELECT entries FROM audit.batch ORDER BY id"))
    every = [json.loads(it) for row in rows for it in entries_of(row["entries"])]
    return [it for it in every if it["kind"] == kind]


async def test_the_catalogue(town: Town) -> None:
    """Models, documents, withdrawals, policies and what is known of a meter stand in the log, with who said so."""
    await with_blue(town)
    await town.does(add_evidence, [paper(sha256="0" * 64)])
    await town.does(withdraw_evidence, BLUE.name, CERTIFICATE, "C-1", DAY, "recalled")
    await town.does(change_approvals, STRICT, "as the council decided")
    await town.does(describe_units, [Unit(town.meter.id, "1.0", DAY)])
    every = await said(town)
    assert [it["action"] for it in every] == ["model", "evidence", "withdrawal", "policy", "unit"]
    assert {(it["by"], it["utility"]) for it in every} == {(town.scope.by, str(town.id))}
    assert every[1]["details"]["sha256"] == "0" * 64
    assert every[2]["details"]["reason"] == "recalled"
    assert every[3]["details"]["policy"]["rules"]["sts_certificate"]["lack"] == "refuse_vending"


async def test_a_set_of_meters(town: Town) -> None:
    """Blocking many meters is one entry of the log, with how many and why."""
    await hang_up(town, BLUE.name, 3)
    await with_blue(town)
    await town.does(change_approvals, STRICT, "as the council decided")
    await town.does(enforce, DAY)
    await town.does(enforce, DAY)
    [bar] = [it for it in await said(town, "change") if it["action"] == "meter.bar"]
    assert bar["details"] == {"count": 3, "reason": "STS certificate: there is none"}


async def test_an_event(town: Town) -> None:
    """An event stands in the log once, however often it is told; what it did to accounts is sealed."""
    for _ in range(2):
        await told(town, work_order("wo-1", Block(meter=town.meter.pan.digits)))
    [it] = await said(town)
    assert it["details"]["event"] == "wo-1"
    assert it["details"]["meters"] == [str(town.meter.id)]
    assert len(it["sealed"]) == 64
    assert "did" not in it["details"]
