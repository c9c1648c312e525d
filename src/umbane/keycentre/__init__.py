"""The key management centre: where vending keys are made and kept, on a machine that is never online.

``hold`` holds a ceremony as its file says, ``rehearse`` tries it on keys that are thrown away, and ``Desk`` is what
the people in the room look like from here.
"""

from umbane.keycentre.ceremony import Ceremony, Held
from umbane.keycentre.describing import described, told
from umbane.keycentre.desk import Desk
from umbane.keycentre.drafting import NextKey, draft_compromise, draft_enrol, draft_rotation
from umbane.keycentre.entropy import Entropy
from umbane.keycentre.errors import (
    AbandonedError,
    CentreError,
    CeremonyFileError,
    CheckError,
    ComponentError,
    CustodyError,
    EntropyError,
    ForbiddenError,
    HeadError,
    ShareError,
    StoreError,
    TransitionError,
    WeakKeyError,
)
from umbane.keycentre.holding import centre_in, hold, prove_backup, restore
from umbane.keycentre.journal import Entry, replayed
from umbane.keycentre.kens import ken_end
from umbane.keycentre.plan import CeremonyPlan, plan_hash, read_plan
from umbane.keycentre.register import KeyEntry, ModuleEntry, Register
from umbane.keycentre.rehearsal import rehearse
from umbane.keycentre.shares import Share
from umbane.keycentre.sheets import qr_lines, sheet
from umbane.keycentre.states import KeyState
from umbane.keycentre.store import Centre, load_centre, read_centre, read_either, read_transcript

__all__ = [
    "AbandonedError",
    "Centre",
    "CentreError",
    "Ceremony",
    "CeremonyFileError",
    "CeremonyPlan",
    "CheckError",
    "ComponentError",
    "CustodyError",
    "Desk",
    "Entropy",
    "EntropyError",
    "Entry",
    "ForbiddenError",
    "HeadError",
    "Held",
    "KeyEntry",
    "KeyState",
    "ModuleEntry",
    "NextKey",
    "Register",
    "Share",
    "ShareError",
    "StoreError",
    "TransitionError",
    "WeakKeyError",
    "centre_in",
    "described",
    "draft_compromise",
    "draft_enrol",
    "draft_rotation",
    "hold",
    "ken_end",
    "load_centre",
    "plan_hash",
    "prove_backup",
    "qr_lines",
    "read_centre",
    "read_either",
    "read_plan",
    "read_transcript",
    "rehearse",
    "replayed",
    "restore",
    "sheet",
    "told",
]
