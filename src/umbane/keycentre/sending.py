"""What a centre writes for others: key load files, top-up orders, and plans for campaigns."""

from collections.abc import Mapping
from datetime import datetime

from umbane.keycentre.register import Register
from umbane.keycentre.steps import Campaign, Grant, Load, TopUpModule, key_name
from umbane.security import (
    CampaignPlan,
    CentreIdentity,
    Envelope,
    KeyGrant,
    ModuleCard,
    Quota,
    RealmKey,
    TopUp,
    campaign_plan,
    load_file,
    top_up_order,
)

__all__ = ["campaign_for", "load_for", "top_up_for"]


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


def campaign_for(step: Campaign, register: Register, centre: CentreIdentity, at: datetime) -> tuple[str, bytes]:
    """Name and text of the plan by which vending changes the keys of meters."""
    new = register.key(step.to_key)
    plan = CampaignPlan(
        centre.card.fingerprint,
        register.realm,
        at,
        step.reason,
        key_name(step.from_key),
        key_name(step.to_key),
        new.dkga,
        new.base_date,
        new.ken,
        new.check,
        start=max(at, new.active_from),
        cut_off=step.cut_off,
        modules=tuple(name for name in register.audited_modules(at) if step.to_key in register.module(name).keys),
    )
    name = f"campaign-{step.from_key}-to-{step.to_key}.json".replace(" ", "-")
    return name, campaign_plan(plan, centre)
