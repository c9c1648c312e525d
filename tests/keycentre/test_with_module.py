"""From a centre to a module: keys that a ceremony made make tokens in a real module, until their time is over."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.keycentre.support import (
    DAY,
    FOUND,
    GENERATE,
    KEY,
    NEXT,
    NOW,
    PEOPLE,
    Room,
    ceremony,
    opened,
    plan,
    state,
)  # fmt: skip
from tests.security.process.support import CHEAP
from tests.security.process.support import PEOPLE as OWNERS
from tests.security.support import change, credit, request
from umbane.errors import UmbaneError
from umbane.keycentre import Centre, Held
from umbane.keycentre.steps import key_name
from umbane.security import Issued, KeyName, Realm, Refused, ReplayedError
from umbane.security.process.founding import found_module
from umbane.security.process.host import Host
from umbane.sts import TI, TID, BaseDate, Credit, decode, derive

EVERY: Final = ["credit", "engineering", "change-from", "change-to"]
Step = dict[str, Any]


class Story:
    """A centre, a module that trusts it, and the people of both."""

    def __init__(self, folder: Path) -> None:
        self.room, self.at = Room(), NOW
        self.centre: Centre | None = None
        founded = self.hold(FOUND, GENERATE, state("active"))
        found_module(folder, "shop", Realm.PRODUCTION, OWNERS, 2, centre=founded.centre.card, cost=CHEAP)
        self.host = Host(folder, clock=lambda: self.at)
        self.host.give("ada", OWNERS["ada"])
        self.host.give("ben", OWNERS["ben"])
        card = self.host.store.card
        audit = {"do": "audit", "module": "shop", "by": "S", "report": "sound", "valid_until": NOW + 500 * DAY}
        self.hold({"do": "enrol", "card": card.text().decode(), "fingerprint": card.fingerprint}, audit)

    def hold(self, *steps: Step) -> Held:
        """Hold a ceremony."""
        self.room.coming = PEOPLE.copy()
        head = self.centre.head if self.centre else "new"
        held = ceremony(plan(*steps, head=head), self.room, self.centre, at=self.at, seed=head).hold()
        self.centre = held.centre
        return held

    def sent(self, *steps: Step) -> list[bytes]:
        """Hold a ceremony; what it wrote for the module."""
        outputs = self.hold(*steps).outputs
        return [text for name, text in sorted(outputs.items()) if name.endswith((".load", ".topup"))]

    def credit(self, label: str = KEY, units: int = 100) -> Issued | Refused:
        """Ask the module for credit."""
        token = credit(units, tid=TID.at(self.at, BaseDate.Y2014))
        return self.host.require_opened().core.issue([request(key=named(label), token=token)])[0]

    def change(self, old: str, new: str) -> Issued | Refused:
        """Ask the module for a key change."""
        asked = change(key=named(old), new=named(new), at=TID.at(self.at, BaseDate.Y2014))
        return self.host.require_opened().core.change_keys([asked])[0]


def named(label: str) -> KeyName:
    """The key of a meter under a vending key."""
    return KeyName(*key_name(label), TI(1))


def load(label: str = KEY, **others: object) -> Step:
    """A key load file with one key."""
    grant = {"key": label, "uses": EVERY, "tokens": 3, "units": 1000, "issue_until": NOW + 60 * DAY, **others}
    return {"do": "load", "module": "shop", "keys": [grant], "expires_at": NOW + 300 * DAY}


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """The beginning."""
    told = Story(tmp_path / "module")
    with closing(told.host):
        yield told


def refusal(answer: Issued | Refused) -> str:
    """Why the module said no."""
    assert isinstance(answer, Refused)
    return str(answer.reason)


def test_from_ceremony_to_token(story: Story) -> None:
    """Before its key arrives the module makes nothing; then its tokens are those of the centre's key."""
    assert "no vending key" in refusal(story.credit())
    [file] = story.sent(load())
    story.host.load(file)
    made = story.credit(units=77)
    assert isinstance(made, Issued)
    assert story.centre
    secret = opened(story.centre, story.room.shares)[1].keys[KEY]
    vending_key = story.centre.register().keys[KEY].vending_key(secret)
    asked = request(key=named(KEY))
    token = decode(made.tokens[0], derive(vending_key, asked.pan, TI(1), asked.ea))
    assert isinstance(token, Credit)
    assert token.carried == 77


def test_limits_and_top_up(story: Story) -> None:
    """The module stops at what the ceremony allowed, goes on after a top-up, and takes each order once."""
    file, order = story.sent(
        load(),
        {"do": "top-up", "module": "shop", "key": KEY, "tokens": 1, "units": 100, "expires_at": NOW + 9 * DAY},
    )
    story.host.load(file)
    assert [isinstance(story.credit(), Issued) for _ in range(4)] == [True, True, True, False]
    story.host.top_up(order)
    assert [isinstance(story.credit(), Issued) for _ in range(2)] == [True, False]
    with pytest.raises(ReplayedError):
        story.host.load(file)


def test_a_stolen_module(story: Story) -> None:
    """A module that nobody sends anything to stops by itself on the day that its file says."""
    story.host.load(story.sent(load())[0])
    story.at = NOW + 60 * DAY
    assert isinstance(story.credit(), Refused)


def test_compromise_in_the_field(story: Story) -> None:
    """After a compromise the module leads meters to the new key, sells under it, and not under the old one."""
    story.host.load(story.sent(load(tokens=100))[0])
    assert isinstance(story.credit(), Issued)
    story.at = NOW + DAY
    limits = {"tokens": 10, "units": 1000, "issue_until": NOW + 60 * DAY}
    step = {
        "do": "compromise", "key": KEY, "reason": "found", "old_until": NOW + 60 * DAY, "expires": NOW + 900 * DAY,
        "limits": limits, "files_expire_at": NOW + 30 * DAY, "cut_off": NOW + 60 * DAY,
    }  # fmt: skip
    [file] = story.sent(step)
    story.host.load(file)
    assert isinstance(story.credit(), Refused)
    assert isinstance(story.change(KEY, NEXT), Issued)
    assert isinstance(story.change(NEXT, KEY), Refused)
    assert isinstance(story.credit(NEXT), Issued)


def test_a_key_taken_away(story: Story) -> None:
    """A key that is sent without any use makes nothing any more."""
    story.host.load(story.sent(load())[0])
    assert isinstance(story.credit(), Issued)
    story.host.load(story.sent(load(uses=[]))[0])
    assert isinstance(story.credit(), Refused)


def test_other_peoples_files(story: Story, tmp_path: Path) -> None:
    """The module takes nothing from another centre, and nothing that its centre wrote for another module."""
    (tmp_path / "b").mkdir()
    other = Story(tmp_path / "b" / "module")
    with closing(other.host):
        for text in (other.sent(load())[0], b"", b"{}\n"):
            with pytest.raises(UmbaneError):
                story.host.load(text)


def test_late_file(story: Story) -> None:
    """A file that was on its way for too long is refused."""
    [file] = story.sent(load())
    story.at = datetime.fromisoformat("2027-03-02T08:30:00+00:00")
    with pytest.raises(UmbaneError, match="expired"):
        story.host.load(file)
