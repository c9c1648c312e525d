"""One member of a batch while it is being worked on."""

from dataclasses import dataclass, field
from uuid import UUID

from umbane.errors import InputError
from umbane.ledger import AccountKey
from umbane.registry import Seller, pan_of
from umbane.sts import CheckDigitError
from umbane.vending.codes import PASSING, Code
from umbane.vending.errors import RefusedError
from umbane.vending.identity import fingerprint
from umbane.vending.models import Answer, Refused, SaleRequest
from umbane.vending.plans import Plan, Situation

__all__ = ["Case", "message_id_problem", "open_case", "refused"]

LONGEST_MESSAGE_ID = 64


@dataclass(slots=True)
class Case:
    """A request, and what has become of it so far.

    Attributes:
        request: as it came.
        pan: the 18 digits of the meter; empty when the number is none.
        fingerprint: of what it asks for.
        id: of the sale or refusal that it will be.
        problem: why it is refused, as soon as that is known.
        seller: the till, as soon as it is found.
        situation, plan: what it is judged by, and what is to be done.
        postings: of its plan.
        answer: in the end.
        may_be_old: whether its message may have come before.
        hurried: whether a batch with it waited in vain for what others hold.
        unsure: whether an attempt ended while it was being committed, so that it may be done.
    """

    request: SaleRequest
    pan: str
    fingerprint: bytes
    id: UUID
    problem: RefusedError | None = None
    seller: Seller | None = None
    situation: Situation | None = None
    plan: Plan | None = None
    postings: dict[AccountKey, int] = field(default_factory=dict)
    answer: Answer | None = None
    may_be_old: bool = False
    hurried: bool = False
    unsure: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it is planned, and nothing has refused it so far."""
        return self.plan is not None and self.problem is None

    @property
    def is_undecided(self) -> bool:
        """Whether something stands in its way that is no outcome of its message."""
        return self.problem is not None and self.answer is None and self.problem.code in PASSING

    def planned(self) -> tuple[Plan, Situation]:
        """What is to be done, and what for; only of a case that has a plan."""
        if self.plan is None or self.situation is None:
            raise TypeError("this case has no plan")
        return self.plan, self.situation

    def restart(self) -> None:
        """Forget what an attempt that came to nothing found out; what was wrong with the request itself stays wrong."""
        self.situation = self.plan = self.answer = None
        if self.pan:
            self.problem = None


def open_case(request: SaleRequest, id_: UUID) -> Case:
    """A case for a request; one whose meter number is none is refused already."""
    pan, problem = "", None
    try:
        pan = pan_of(request.meter)
    except CheckDigitError as error:
        problem = RefusedError(Code.WRONG_CHECK_DIGIT, f"{error.field}: {error.problem}", error.remedy)
    except InputError as error:
        problem = RefusedError(Code.BAD_METER_NUMBER, f"{error.field}: {error.problem}", error.remedy)
    return Case(request, pan, fingerprint(request, pan), id_, problem)


def message_id_problem(message_id: object) -> RefusedError | None:
    """Why a message id can't be one."""
    if isinstance(message_id, str) and 0 < len(message_id) <= LONGEST_MESSAGE_ID and message_id.isprintable():
        return None
    remedy = f"1 to {LONGEST_MESSAGE_ID} characters that can be printed"
    return RefusedError(Code.BAD_MESSAGE_ID, "that is not a message id", remedy)


def refused(error: RefusedError) -> Refused:
    """The answer that a refusal is."""
    return Refused(error.code, error.problem, error.remedy, error.payable)
