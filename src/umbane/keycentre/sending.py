"""What a centre writes for others: key load files, top-up orders, and plans for campaigns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from umbane.keycentre.register import Register
from umbane.keycentre.steps import Campaign, Grant, Load, TopUpModule, key_name
from umbane.security import (
    CentreCard,
    CentreIdentity,
    Envelope,
    KeyGrant,
    ModuleCard,
    Quota,
    RealmKey,
    TopUp,
    load_file,
    top_up_order,
)
from umbane.security.documents import Fields, instant_text, read, signed, unsigned

__all__ = ["CAMPAIGN", "campaign_plan", "load_for", "read_campaign", "top_up_for"]

CAMPAIGN: Final = "umbane campaign plan"
VERSION: Final = 1


def envelope_for(
    step: Load | TopUpModule, register: Register, card: ModuleCard, centre: CentreIdentity, at: datetime
) -> Envelope:
    """What is on the outside of something for a module: the next number, valid at once."""
    serial = register.module(step.module).serial + 1
    return Envelope.to(card, centre.card, serial, made_at=at, expires_at=step.expires_at)


def load_for(  # noqa: PLR0913 - a file is made of all of them
    step: Load,
    register: Register,
    card: ModuleCard,
    centre: CentreIdentity,
    *,
    keys: Mapping[str, bytes],
    at: datetime,
) -> tuple[str, bytes]:
    """Name and text of a key load file."""
    envelope = envelope_for(step, register, card, centre, at)
    grants = [grant_of(grant, register, keys[grant.key]) for grant in step.keys]
    return f"{step.module}-{envelope.serial:04}.load", load_file(envelope, grants, card, centre)


def grant_of(grant: Grant, register: Register, secret: bytes) -> KeyGrant:
    """A key with what the module may do with it."""
    entry = register.key(grant.key)
    held = RealmKey(register.realm, entry.vending_key(secret))
    quota = Quota(grant.tokens, grant.units)
    return KeyGrant(held, entry.active_from, entry.expires, grant.issue_until, frozenset(grant.uses), quota)


def top_up_for(
    step: TopUpModule, register: Register, card: ModuleCard, centre: CentreIdentity, at: datetime
) -> tuple[str, bytes]:
    """Name and text of a top-up order."""
    envelope = envelope_for(step, register, card, centre, at)
    order = TopUp(envelope, key_name(step.key), step.tokens, step.units)
    return f"{step.module}-{envelope.serial:04}.topup", top_up_order(order, centre)


def campaign_plan(step: Campaign, register: Register, centre: CentreIdentity, at: datetime) -> tuple[str, bytes]:
    """Name and text of the plan by which vending changes the keys of meters."""
    old, new = register.key(step.from_key), register.key(step.to_key)
    fields = {
        "centre": centre.card.fingerprint,
        "realm": str(register.realm),
        "made_at": instant_text(at),
        "reason": step.reason,
        "from": {"key": old.label, "state": str(old.state), "ken": old.ken.value, "check": old.check},
        "to": {"key": new.label, "base_date": str(new.base_date), "ken": new.ken.value, "check": new.check},
        "with_next_purchase_from": instant_text(max(at, new.active_from)),
        "new_key_only_from": instant_text(step.cut_off),
        "modules": [name for name, module in sorted(register.modules.items()) if step.to_key in module.keys],
    }
    name = f"campaign-{step.from_key}-to-{step.to_key}.json".replace(" ", "-")
    return name, signed(CAMPAIGN, VERSION, fields, centre.sign)


def read_campaign(text: bytes, centre: CentreCard) -> Fields:
    """What a plan says, when this centre made it.

    Raises:
        DocumentError: it isn't such a plan, or another centre's, or was altered.
    """
    return unsigned(CAMPAIGN, VERSION, read(CAMPAIGN, VERSION, text), centre.verify)
