"""From a compromise to the meter: the centre's plan, the registry, the next sale, and what the meter makes of it."""

from contextlib import closing
from pathlib import Path

from tests.keycentre.support import CUSTODIANS, DAY, KEY, PEOPLE, Room, Step, ceremony, opened, plan, state
from tests.registry.town import KEY as METER_KEY
from tests.registry.town import NEXT_KEY, NOW, TODAY, Town, meter, new_id
from tests.security.process.support import CHEAP, served
from tests.security.process.support import PEOPLE as OWNERS
from tests.vending.laboratory import LaboratoryModule
from tests.vending.shop import Shop, open_shop
from umbane.keycentre import Centre
from umbane.meter import Meter, MeterConfig, TokenOutcome, TokenResult
from umbane.registry import (
    Contract,
    KeyPhase,
    ServicePoint,
    add_meters,
    add_service_points,
    change_policy,
    install_meter,
    open_contracts,
    settle_keys,
)
from umbane.registry import meter as meter_of
from umbane.registry.campaigns import apply_campaign, trusted_plan
from umbane.security import Realm
from umbane.security.process.founding import found_module
from umbane.security.process.host import Host
from umbane.sts import derive
from umbane.vending import Buy, Code, IssuedToken, Refused, TokenKind

USES = ["credit", "engineering", "change-from", "change-to"]
END = NOW + 60 * DAY


class Story:
    """A centre of the test realm, and a module that has its first key."""

    def __init__(self, folder: Path) -> None:
        self.room = Room()
        self.centre: Centre | None = None
        terms = {"algorithm": "DKGA04", "base_date": 2014, "active_from": NOW - 9 * DAY, "expires": NOW + 900 * DAY}
        found = {"do": "found", "threshold": 2, "custodians": CUSTODIANS}
        self.hold(found, {"do": "generate", "key": KEY, **terms}, state("active"))
        found_module(folder, "shop", Realm.TEST, OWNERS, 2, centre=self.at.card, cost=CHEAP)
        self.host = Host(folder, clock=lambda: NOW)
        for name in ("ada", "ben"):
            self.host.give(name, OWNERS[name])
        card = self.host.store.card
        grant = {"key": KEY, "uses": USES, "tokens": 9, "units": 100_000, "issue_until": END}
        steps: list[Step] = [
            {"do": "enrol", "card": card.text().decode(), "fingerprint": card.fingerprint},
            {"do": "audit", "module": "shop", "by": "Sipho", "report": "sound", "valid_until": END},
            {"do": "load", "module": "shop", "keys": [grant], "expires_at": END},
        ]
        self.host.load(self.hold(*steps)["shop-0001.load"])

    @property
    def at(self) -> Centre:
        """The centre as it stands."""
        assert self.centre
        return self.centre

    def hold(self, *steps: Step) -> dict[str, bytes]:
        """Hold a ceremony; what it wrote for others."""
        self.room.coming = PEOPLE.copy()
        head = self.centre.head if self.centre else "new"
        text = plan(*steps, head=head, realm="test")
        held = ceremony(text, self.room, self.centre, at=NOW, seed=head).hold()
        self.centre = held.centre
        return dict(held.outputs)

    def compromise(self) -> bytes:
        """The first key is known to somebody; the module gets its file, and vending this plan."""
        limits = {"tokens": 10, "units": 100_000, "issue_until": END}
        files = self.hold({
            "do": "compromise", "key": KEY, "reason": "found on the market", "old_until": END,
            "expires": NOW + 900 * DAY, "limits": limits, "files_expire_at": END, "cut_off": END,
        })  # fmt: skip
        self.host.load(files["shop-0002.load"])
        return files["campaign-123456-1-VUDK-to-123456-2-VUDK.json"]

    def meter(self, town: Town) -> Meter:
        """The town's meter, with a key from the first vending key."""
        secret = opened(self.at, self.room.shares)[1].keys[KEY]
        vending_key = self.at.register().keys[KEY].vending_key(secret)
        key = derive(vending_key, town.meter.pan, METER_KEY.ti, town.meter.ea)
        return Meter(MeterConfig(pan=town.meter.pan), key, NOW - DAY)


async def refusal(shop: Shop) -> Code:
    """Why nothing is sold."""
    answer = await shop.ask(Buy(money=20_000))
    assert isinstance(answer, Refused), answer
    return answer.code


def typed(virtual: Meter, sold: IssuedToken) -> TokenOutcome:
    """What a meter makes of a token."""
    assert sold.token
    return virtual.enter(sold.token)


async def test_from_compromise_to_the_meter(town: Town, tmp_path: Path) -> None:
    """Once the plan is applied, the next sale's tokens bring the meter the new key, then its credit."""
    await town.does(change_policy, {"sale": {"key_change": "bundle"}})
    story = Story(tmp_path / "module")
    virtual = story.meter(town)
    async with served(story.host) as module, open_shop(town, module) as shop:
        [first] = (await shop.buy()).tokens
        assert typed(virtual, first).result is TokenResult.ACCEPT
        text = story.compromise()
        told = trusted_plan(text, story.at.card.text())
        report = await town.does(apply_campaign, told, NOW)
        assert report.due == 2
        shop.wait(minutes=5)
        sold = await shop.buy()
        assert [it.kind for it in sold.tokens] == [TokenKind.KEY_CHANGE, TokenKind.KEY_CHANGE, TokenKind.CREDIT]
        virtual.advance(shop.now)
        assert typed(virtual, sold.tokens[2]).result is not TokenResult.ACCEPT  # not before its key is in
        outcomes = [typed(virtual, it) for it in sold.tokens]
        assert all(it.accepted for it in outcomes)
        assert outcomes[-1].result is TokenResult.ACCEPT
        await town.does(settle_keys, [town.meter.id], shop.now, "the meter took the next token")
        found = await town.reads(meter_of, town.meter.id)
        assert (found.key, found.key_phase) == (NEXT_KEY, KeyPhase.SETTLED)
        again = await town.does(apply_campaign, told, shop.now)
        assert (again.due, again.on_the_way) == (0, 1)
        [last] = (await shop.buy()).tokens
        assert last.kind == TokenKind.CREDIT
        assert typed(virtual, last).result is TokenResult.ACCEPT


async def test_ask_first(town: Town, tmp_path: Path) -> None:
    """Where the policy asks first, a plan that is applied lets nothing be sold before its tokens were fetched."""
    story = Story(tmp_path / "module")
    async with served(story.host) as module, open_shop(town, module) as shop:
        told = trusted_plan(story.compromise(), story.at.card.text())
        await town.does(apply_campaign, told, NOW)
        assert await refusal(shop) is Code.KEY_CHANGE_DUE
        shop.now = END  # the day on which the old key ends
        assert await refusal(shop) is Code.KEY_CHANGE_DUE


async def test_a_meter_that_nobody_planned(town: Town, tmp_path: Path) -> None:
    """From the plan's last day on nothing is sold under the old key, not even where no change was planned."""
    story = Story(tmp_path / "module")
    late, place = meter(77), ServicePoint(new_id(), "14 Church Street")
    contract = Contract(new_id(), town.customer.id, place.id, "700-77", town.contract.tariff_id, TODAY)
    with closing(story.host):
        told = trusted_plan(story.compromise(), story.at.card.text())
        await town.does(apply_campaign, told, NOW)
    await town.does(add_service_points, [place])
    await town.does(open_contracts, [contract])
    await town.does(add_meters, [late])
    await town.does(install_meter, late.id, place.id)
    async with open_shop(town, LaboratoryModule()) as shop:
        shop.now = END
        answer = await shop.ask(Buy(money=20_000), meter=str(late.pan.drn))
        assert isinstance(answer, Refused)
        assert answer.code is Code.KEY_EXPIRED
