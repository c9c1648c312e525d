"""Campaign plans: what a centre says to vending is read as it was said, or refused by the name of the reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from umbane.errors import UmbaneError
from umbane.security import (
    AlteredError,
    CampaignPlan,
    CentreIdentity,
    OtherDocumentError,
    OtherRealmError,
    Realm,
    UnknownVersionError,
    VendingKeyName,
    WrongCentreError,
    campaign_plan,
    read_campaign,
)
from umbane.security.documents import Fields, read, signed
from umbane.sts import DKGA, KEN, KRN, KT, SGC, BaseDate

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
CENTRE = CentreIdentity("centre", Realm.PRODUCTION, b"c" * 32)
OLD = VendingKeyName(SGC(123456), KRN(1), KT.DUTK)
PLAN = CampaignPlan(
    CENTRE.card.fingerprint, Realm.PRODUCTION, NOW, "found on the market", OLD, OLD._replace(krn=KRN(2)),
    DKGA.KDF_HMAC_SHA256, BaseDate.Y2014, KEN(255), "a1b2c3", NOW, NOW + timedelta(days=60), ("office", "shop"),
)  # fmt: skip
TEXT = campaign_plan(PLAN, CENTRE)
KIND = "umbane campaign plan"


def test_as_it_was_written() -> None:
    """A plan is read as it was written, and calls its new key as load files do."""
    assert read_campaign(TEXT, CENTRE.card) == PLAN
    assert PLAN.label == "123456 2 VUDK a1b2c3"


def test_every_bit() -> None:
    """A bit flipped anywhere in a plan, and an end cut off anywhere, is noticed."""
    for place in range(8 * len(TEXT)):
        flipped = bytearray(TEXT)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(UmbaneError):
            read_campaign(bytes(flipped), CENTRE.card)
    for length in range(len(TEXT)):
        with pytest.raises(UmbaneError):
            read_campaign(TEXT[:length], CENTRE.card)


def test_without_a_signature() -> None:
    """A plan that nobody signed is refused, whatever it says."""
    text = b"".join(line for line in TEXT.splitlines(keepends=True) if b"signature" not in line)
    with pytest.raises(AlteredError):
        read_campaign(text, CENTRE.card)


def test_another_centre() -> None:
    """A plan of another centre is refused, also of one with the same name."""
    other = CentreIdentity("centre", Realm.PRODUCTION, b"d" * 32)
    with pytest.raises(WrongCentreError):
        read_campaign(TEXT, other.card)
    with pytest.raises(AlteredError, match="signature"):
        read_campaign(campaign_plan(PLAN, other), CENTRE.card)


def test_another_realm() -> None:
    """A plan for another realm than its centre's is refused."""
    with pytest.raises(OtherRealmError):
        read_campaign(campaign_plan(replace(PLAN, realm=Realm.TEST), CENTRE), CENTRE.card)


def test_another_document() -> None:
    """Another document of the centre, and a plan of another version, are refused as what they are."""
    with pytest.raises(OtherDocumentError):
        read_campaign(CENTRE.card.text(), CENTRE.card)
    with pytest.raises(UnknownVersionError):
        read_campaign(signed(KIND, 2, content(), CENTRE.sign), CENTRE.card)


def content(**others: object) -> Fields:
    """The fields of a plan."""
    fields = read(KIND, 1, TEXT)
    del fields["signature"]
    return fields | others


@pytest.mark.parametrize(
    "others",
    [
        {"more": 1},
        {"from": "123456 1 VUDK"},
        {"from": {"sgc": "123456", "krn": 10, "kt": 2}},
        {"from": {"sgc": 123456, "krn": 1, "kt": 2}},
        {"to": {"sgc": "123456", "krn": 2, "kt": 2}},
        {"start": "2026-03-02"},
        {"start": "2026-03-02T08:29:59Z"},
        {"cut_off": "2026-03-02T08:30:00Z"},
        {"realm": "both"},
        {"modules": 7},
    ],
)
def test_nonsense_that_is_signed(others: dict[str, object]) -> None:
    """What can't be a plan is none, even though the centre signed it."""
    with pytest.raises(AlteredError):
        read_campaign(signed(KIND, 1, content(**others), CENTRE.sign), CENTRE.card)


def test_to_the_same_key() -> None:
    """A plan leads to another key."""
    with pytest.raises(AlteredError):
        replace(PLAN, new=PLAN.old)
