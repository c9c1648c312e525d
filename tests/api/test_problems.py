"""Refusals as problems: the status says whose fault it is, and `final` whether to try again."""

import pytest

from umbane.api.problems import problem_from, problem_of
from umbane.security import JournalError
from umbane.vending import Code, Refused

OURS = {Code.UNAVAILABLE: False}
"""What is our fault, and whether it is the outcome of its message."""


@pytest.mark.parametrize("code", Code)
def test_every_refusal(code: Code) -> None:
    """A refusal has a status of 500 or more only if the fault is ours; to wait is told only where waiting helps."""
    problem = problem_of(Refused(code, "problem", "remedy"))
    assert (problem.status >= 500, problem.code) == (code in OURS, code)
    assert problem.final is OURS.get(code, problem.final)
    assert not (problem.final and problem.retry_after)


def test_a_module_that_can_not_work() -> None:
    """That the security module can't work is our fault, and passes: nothing was decided."""
    problem = problem_from(JournalError("the journal is gone"))
    assert (problem.status, problem.code, problem.retry_after) == (503, "unavailable", 2)
    assert "journal" not in problem.detail


def test_others_have_to_agree() -> None:
    """That others have to agree is nobody's last word."""
    assert problem_of(Refused(Code.APPROVAL_NEEDED, "problem", "remedy")).final is False
