"""Which key a token is made under, and what a change of key means for a sale."""

from typing import Final

from umbane.registry import KeyParameters, KeyPhase
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.models import TokenKind
from umbane.vending.plans import Draft, Plan, Situation

__all__ = ["credit_key", "key_change_plan", "management_key", "require_key"]

FIRST_THESE: Final = "type the key-change tokens first: under the meter's old key these tokens do nothing"
OLD_DIE: Final = "tokens bought before and not typed in yet stop working once the key-change tokens are in"


def require_key(situation: Situation) -> None:
    """Refuse a meter whose key has no vending key, or one that may not be used; it may be on its way to another."""
    if situation.pending is None:
        require_revision(situation.key, situation)


def require_revision(key: KeyParameters, situation: Situation) -> None:
    """Refuse a key without a revision in force."""
    revision = situation.book.key_revision(key.sgc, key.kt, key.krn)
    if revision is None:
        problem = f"there is no {key.kt.name} key revision {key.krn} of supply group {key.sgc}"
        raise RefusedError(Code.NO_KEY, problem, "let the key custodian add it")
    if not revision.in_force(situation.now):
        problem = f"key revision {key.krn} of supply group {key.sgc} is not in force"
        raise RefusedError(Code.KEY_EXPIRED, problem, "change the meter to the newest key of its supply group")


def credit_key(situation: Situation) -> tuple[KeyParameters, list[Draft], list[str]]:
    """The key for credit, the key-change tokens that come before it, and warnings: as the policy says."""
    pending = situation.pending
    if pending is None:
        return situation.key, [], []
    policy, is_out = situation.book.utility.policy.sale.key_change, situation.phase is KeyPhase.ISSUED
    if policy == "bundle":
        return pending, [change_draft(situation, pending)], [FIRST_THESE]
    if policy == "ask_first" and is_out:
        require_revision(pending, situation)
        return pending, [], [FIRST_THESE]
    number = situation.pan.drn
    if policy == "ask_first":
        problem = f"meter {number} is to get another key"
        raise RefusedError(Code.KEY_CHANGE_DUE, problem, "ask for its key-change tokens first, and let them be typed")
    problem = f"meter {number} is in the middle of a change of key"
    raise RefusedError(Code.KEY_CHANGE_PENDING, problem, "sell when the utility knows that the new key is in")


def management_key(situation: Situation) -> KeyParameters:
    """The key for engineering tokens: the new one as soon as its tokens are out."""
    pending = situation.pending
    key = pending if pending is not None and situation.phase is KeyPhase.ISSUED else situation.key
    require_revision(key, situation)
    return key


def key_change_plan(situation: Situation) -> Plan:
    """The tokens of the change that is planned for a meter, or else of one to the newest key of its supply group."""
    new = situation.pending or newest(situation)
    if new == situation.key:
        problem = f"meter {situation.pan.drn} has the newest key of its supply group"
        raise RefusedError(Code.NO_KEY_CHANGE, problem, "plan the change to another key first")
    return Plan("change_key", drafts=[change_draft(situation, new)], new_key=new, warnings=[OLD_DIE])


def newest(situation: Situation) -> KeyParameters:
    """The key that a meter should have now."""
    key = situation.key
    revision = situation.book.newest_key(key.sgc, key.kt, situation.now)
    if revision is None:
        raise RefusedError(Code.NO_KEY, f"supply group {key.sgc} has no key in force", "let the key custodian add one")
    return revision.for_meter(key.ti)


def change_draft(situation: Situation, new: KeyParameters) -> Draft:
    """The tokens from a meter's key to another."""
    require_revision(new, situation)
    return Draft(TokenKind.KEY_CHANGE, situation.key, new=new)
