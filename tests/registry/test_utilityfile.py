"""A utility from a file."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.registry.town import TSHWANE
from umbane.db import Connection, Database
from umbane.errors import InputError
from umbane.registry import (
    DuplicateError,
    KeyRevision,
    Realm,
    Role,
    Scope,
    find,
    import_meters,
    import_utility,
    key_revisions,
    operators,
    supply_groups,
    tariff_versions,
    terminals,
    utilities,
    utility,
    vendors,
)
from umbane.registry.utilityfile import read_utility_file
from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate

EXAMPLE = Path(__file__).parents[2] / "examples" / "utility"

SMALL = """
format: umbane-utility-1
code: small
name: Small Town
currency: ZAR
time_zone: Africa/Johannesburg
languages: en
"""
FULL = f"""{SMALL}
policy:
  sale: {{key_change: refuse, unused_token_days: 7, largest_money: null}}
  tariffs: {{second_person: true}}
  engineering:
    free_issue: {{roles: [supervisor], approvals: 2}}
supply_groups:
  - sgc: 000123
    name: All of it
    realm: production
    keys:
      - krn: 3
        kt: DCTK
        dkga: 2
        base_date: 1993
        ken: 100
        module_key: hsm/slot-1/vck
        active_from: 2020-01-01T00:00+02:00
        active_until: 2030-01-01T00:00+02:00
tariffs: tariff.yaml
vendors:
  - {{code: V-1, name: Shop, credit_limit: 12.50, terminals: [T-1, T-2]}}
  - {{code: V-2, name: Other}}
operators:
  - {{name: awa, full_name: Awa Diop, roles: [cashier], vendor: V-1}}
"""


async def load(database: Database, folder: Path, text: str) -> Scope:
    """Import a utility from a file with this text, beside a tariff."""
    (folder / "tariff.yaml").write_text(TSHWANE, encoding="utf-8")
    (folder / "utility.yaml").write_text(text, encoding="utf-8")
    return await database.run(lambda tx: import_utility(tx, "cli:root", folder / "utility.yaml"))


async def test_everything(database: Database, tmp_path: Path) -> None:
    """Everything that a file says is added, and its tariffs are active."""
    scope = await load(database, tmp_path, FULL)

    async def work(tx: Connection) -> None:
        house = await utility(tx, scope.utility_id)
        assert (house.code, house.name, house.languages) == ("small", "Small Town", ("en",))
        assert (house.policy.sale.key_change, house.policy.sale.unused_token_days) == ("refuse", 7)
        assert [it.realm for it in await supply_groups(tx, house.id)] == [Realm.PRODUCTION]
        start, until = datetime(2019, 12, 31, 22, tzinfo=UTC), datetime(2029, 12, 31, 22, tzinfo=UTC)
        expected = KeyRevision(
            *(SGC(123), KT.DCTK, KRN(3), DKGA.DES, BaseDate.Y1993, KEN(100)),
            *(Realm.PRODUCTION, "hsm/slot-1/vck", start, until),
        )
        assert await key_revisions(tx, house.id) == [expected]
        [tariff] = await tariff_versions(tx, house.id)
        assert (tariff.added_by, tariff.activated_by) == ("cli:root", "cli:root, setting up")
        shop, other = await vendors(tx, house.id)
        assert (shop.code, shop.credit_limit, other.credit_limit) == ("V-1", 1_250, 0)
        assert [it.code for it in await terminals(tx, house.id, shop.id)] == ["T-1", "T-2"]
        [who] = await operators(tx, house.id)
        assert (who.name, who.roles, who.vendor_id) == ("awa", frozenset({Role.CASHIER}), shop.id)

    await database.run(work)


async def test_as_little_as_possible(database: Database, tmp_path: Path) -> None:
    """A name, a currency, a time zone and a language are enough."""
    scope = await load(database, tmp_path, SMALL)
    assert (await database.run(lambda tx: utility(tx, scope.utility_id))).code == "small"


async def test_twice(database: Database, tmp_path: Path) -> None:
    """A utility is added once."""
    await load(database, tmp_path, SMALL)
    with pytest.raises(DuplicateError, match="small"):
        await load(database, tmp_path, SMALL)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("format: umbane-utility-1", "format: umbane-tariff-1", "utility.yaml:2: format"),
        ("code: small", "code: Small Town", "code"),
        ("code: small", "cod: small", "utility.yaml:3: cod: is not a field"),
        ("currency: ZAR", "currency: ZZZ", "currency"),
        ("currency: ZAR", "currency: GHS", "currency"),
        ("time_zone: Africa/Johannesburg", "time_zone: Africa", "time_zone"),
        ("languages: en", "languages: English", "language"),
        ("key_change: refuse", "key_change: often", "policy.sale.key_change"),
        ("unused_token_days: 7", "unused_token_days: a week", "policy.sale.unused_token_days"),
        ("second_person: true", "second_person: sure", "policy.tariffs.second_person"),
        ("sgc: 000123", "sgc: 1234567", "SGC"),
        ("sgc: 000123", "sgc: all", "supply_groups[0].sgc"),
        ("realm: production", "realm: elsewhere", "supply_groups[0].realm"),
        ("krn: 3", "krn: 0", "KRN"),
        ("kt: DCTK", "kt: DITK", "supply_groups[0].keys[0].kt"),
        ("dkga: 2", "dkga: 3", "DKGA"),
        ("base_date: 1993", "base_date: 1994", "base_date"),
        ("ken: 100", "ken: 256", "KEN"),
        ("module_key: hsm/slot-1/vck", 'module_key: ""', "module_key"),
        ("module_key: hsm/slot-1/vck", "secret: 0123456789ABCDEF", "secret: is not a field"),
        ("2020-01-01T00:00+02:00", "2020-01-01", "active_from"),
        ("tariff.yaml", "nothing.yaml", "nothing.yaml"),
        ("tariff.yaml", "utility.yaml", "utility.yaml"),
        ("credit_limit: 12.50", "credit_limit: 12.505", "credit_limit"),
        ("credit_limit: 12.50", "credit_limit: -5", "credit_limit"),
        ("code: V-1", "code: V 1", "code"),
        ("name: Shop", 'name: "=Shop"', "name"),
        ("roles: [cashier]", "roles: [king]", "operators[0].roles"),
        ("vendor: V-1", "vendor: V-9", "operators: awa"),
        ("full_name: Awa Diop", "full_name: ' '", "full_name"),
        ("name: Small Town", "name: &a Small", "anchors"),
        ("name: Small Town", "name: !!python/object:os.system x", "tags"),
        ("name: Small Town", "name: [", "utility.yaml"),
        ("name: Small Town", "name: Small\n  Town\nname: Again", "name"),
    ],
)
async def test_what_is_wrong(database: Database, tmp_path: Path, before: str, after: str, told: str) -> None:
    """What is wrong in a file is told by its field, and nothing of the file is added."""
    assert before in FULL
    count = len(await database.run(utilities))
    with pytest.raises(InputError) as error:
        await load(database, tmp_path, FULL.replace(before, after, 1))
    assert told in str(error.value)
    assert len(await database.run(utilities)) == count


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"- a\n- b\n", b"just words", b"{}"])
def test_no_file_of_ours(tmp_path: Path, content: bytes) -> None:
    """A file that says nothing of what it should is refused."""
    path = tmp_path / "utility.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"utility\.yaml"):
        read_utility_file(path)
    with pytest.raises(InputError, match="nowhere"):
        read_utility_file(tmp_path / "nowhere.yaml")


async def test_the_example(database: Database, tmp_path: Path) -> None:
    """The utility that comes along is imported without a problem, with test keys and test meters only."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    text = (EXAMPLE / "utility.yaml").read_text(encoding="utf-8")
    (tmp_path / "utility.yaml").write_text(text.replace("code: seaview", "code: example"), encoding="utf-8")
    scope = await database.run(lambda tx: import_utility(tx, "cli:root", tmp_path / "utility.yaml"))
    today = datetime(2026, 11, 20, tzinfo=UTC).date()
    report = await import_meters(database, scope, EXAMPLE / "meters.csv", today=today)
    assert (report.added, report.problems) == (318, [])
    assert {it.realm for it in await database.run(lambda tx: supply_groups(tx, scope.utility_id))} == {Realm.TEST}
    drns = await database.run(
        lambda tx: tx.fetch("SELECT drn FROM registry.meter WHERE utility_id = $1", scope.utility_id)
    )
    assert {it["drn"][: len(it["drn"]) - 9] for it in drns} == {"00", "0000"}
    hits = (await database.run(lambda tx: find(tx, scope.utility_id, "thadni"))).hits
    assert [it.account_no for it in hits] == ["700-1001"]
