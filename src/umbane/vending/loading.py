"""The second step: meters and contracts are locked, and each case gets what it is judged by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from umbane.registry import ForSale, Rulebook, load_for_sale
from umbane.sts import MeterPAN
from umbane.vending.cases import Case
from umbane.vending.codes import Code
from umbane.vending.errors import RefusedError
from umbane.vending.house import Turn
from umbane.vending.plans import Situation

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["AsideError", "SplitError", "load"]


class SplitError(Exception):
    """Two members of a round share a contract: they must be sold to one after the other.

    Attributes:
        at: the position of the second.
    """

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class AsideError(Exception):
    """Some members of a round can't be decided now: nothing may be kept of them, and the others go on alone.

    Attributes:
        cases: those members.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        super().__init__(len(cases))
        self.cases = cases


async def load(turn: Turn, *, lock: bool = True) -> None:
    """Put together what each case of a turn is judged by; refuse those whose meter or till can't be sold for.

    Raises:
        SplitError: two cases share a contract.
    """
    wanted = [case for case in turn.cases if not case.answer and not case.problem]
    rows = await load_for_sale(turn.tx, turn.utility_id, [case.pan for case in wanted], lock=lock)
    require_distinct(turn.cases, wanted, rows)
    if len(rows):
        book = await turn.house.rulebooks.of(turn.tx, turn.utility_id, max(rows.edition))
        for row, position in enumerate(rows.position):
            wanted[position].situation = situation_of(rows, row, turn, book, wanted[position])
    for case in wanted:
        case.problem = load_problem(case)


def load_problem(case: Case) -> RefusedError | None:
    """Why nothing can be done about a case, whatever it asks for."""
    if case.situation is None:
        problem = f"this utility has no meter {MeterPAN(case.pan).drn}"
        return RefusedError(Code.UNKNOWN_METER, problem, "compare the number with the one on the meter")
    if case.situation.seller.blocked:
        return RefusedError(Code.SELLER_BLOCKED, "this till may not sell", "ask the utility why")
    return None


def require_distinct(cases: Sequence[Case], wanted: Sequence[Case], rows: ForSale) -> None:
    """Refuse a round in which a contract is twice."""
    contracts: set[UUID] = set()
    for position, contract in sorted(zip(rows.position, rows.contract_id, strict=True), key=lambda it: it[0]):
        if contract in contracts:
            raise SplitError(next(at for at, case in enumerate(cases) if case is wanted[position]))
        if contract is not None:
            contracts.add(contract)


def situation_of(rows: ForSale, row: int, turn: Turn, book: Rulebook, case: Case) -> Situation:
    """What the case of a loaded row is judged by."""
    if case.seller is None:
        raise TypeError("a case of an unknown till is not loaded")
    return Situation(
        turn.now, book, case.seller, rows.meter_id[row], MeterPAN.known(rows.pan[row]), rows.ea[row], rows.state[row],
        rows.key[row], rows.pending[row], rows.key_phase[row], rows.last_minute[row], rows.contract_id[row],
        rows.tariff_id[row], rows.customer[row], rows.version[row],
    )  # fmt: skip
