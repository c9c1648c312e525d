"""Who may ask for what is no ordinary sale, as the utility's policy says."""

from typing import Final

from umbane.errors import InputError
from umbane.registry import EngineeringAction
from umbane.registry.texts import clean
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.models import SaleRequest, Staff
from umbane.vending.plans import Situation

__all__ = ["for_the_books", "require_names", "require_permit"]


LONGEST: Final = 200
"""Characters of a reason or a name."""


def for_the_books(field: str, text: str) -> str:
    """Words that are kept beside a sale, in the form in which the registry keeps its own.

    Raises:
        RefusedError: there are none, or they hold what isn't for reading.
    """
    try:
        return clean(field, text, LONGEST)
    except InputError as error:
        raise RefusedError(Code.BAD_REQUEST, f"{field}: {error.problem}", error.remedy) from error


def require_names(staff: Staff | None) -> None:
    """Refuse people whose names can't be kept.

    Raises:
        RefusedError: BAD_REQUEST.
    """
    for person in (staff, *staff.approvers) if staff else ():
        for_the_books("name", person.name)


def require_permit(request: SaleRequest, action: EngineeringAction, situation: Situation) -> None:
    """Refuse what the policy doesn't allow to whoever asks, or what too few others agree to.

    Raises:
        RefusedError: NOT_PERMITTED or APPROVAL_NEEDED.
    """
    permission = situation.book.utility.policy.permission(action)
    roles = ", ".join(sorted(permission.roles))
    staff = request.staff
    if staff is None or not staff.roles & permission.roles:
        raise RefusedError(Code.NOT_PERMITTED, f"{action} is not for everybody", f"only for: {roles}")
    agreeing = {who(it) for it in staff.approvers if it.roles & permission.roles} - {who(staff)}
    if len(agreeing) < permission.approvals and not staff.emergency:
        problem = f"{action} needs {permission.approvals} more who agree, and has {len(agreeing)}"
        raise RefusedError(Code.APPROVAL_NEEDED, problem, f"each of them another person, one of: {roles}")


def who(person: Staff) -> str:
    """Who somebody is, however their name is written."""
    return for_the_books("name", person.name).casefold()
