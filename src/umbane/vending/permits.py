"""Who may ask for what is no ordinary sale, as the utility's policy says."""

from umbane.registry import EngineeringAction
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.models import SaleRequest
from umbane.vending.plans import Situation

__all__ = ["require_permit"]


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
    agreeing = {it.name for it in staff.approvers if it.name != staff.name and it.roles & permission.roles}
    if len(agreeing) < permission.approvals:
        problem = f"{action} needs {permission.approvals} more who agree, and has {len(agreeing)}"
        raise RefusedError(Code.APPROVAL_NEEDED, problem, f"each of them another person, one of: {roles}")
