"""What can go wrong while selling.

A sale that is refused is an answer (`models.Refused`), not an error. Errors are for whoever runs the engine:

::

    UmbaneError
    └── VendingError
        ├── RefusedError      how a rule says no inside of this room; it becomes that member's answer
        ├── ModuleBehindError the module has made fewer tokens than are booked: it isn't the one that made them
        ├── OtherModuleError  the books know a module of that name, of another realm
        └── UnknownSaleError  this terminal never sold anything under that message id
"""

from umbane.errors import UmbaneError
from umbane.pricing import Payable
from umbane.vending.codes import Code

__all__ = ["ModuleBehindError", "OtherModuleError", "RefusedError", "UnknownSaleError", "VendingError"]


class VendingError(UmbaneError):
    """Anything that goes wrong while selling."""


class RefusedError(VendingError):
    """A rule says no.

    Attributes:
        code: which rule, the same for ever.
        problem: what is wrong, for people.
        remedy: what would be right.
        payable: what could be paid now, where that is known.
    """

    def __init__(self, code: Code, problem: str, remedy: str, payable: Payable | None = None) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.code = code
        self.problem = problem
        self.remedy = remedy
        self.payable = payable


class ModuleBehindError(VendingError):
    """The module has made fewer tokens than the books hold of it: its journal was lost, or it is another module."""


class OtherModuleError(VendingError):
    """The books know a module of that name, of another realm: tokens of test keys and of real ones are never mixed."""


class UnknownSaleError(VendingError):
    """This terminal never sold anything under that message id."""
