"""What the trade refuses.

::

    UmbaneError
    ├── InputError
    │   └── TradeInputError     a count, a number, a date or a file can't be what it says
    │       └── SchemeError     a commission scheme has a field that is unknown or wrong
    └── TradeError              every value is well formed, but the trade says no
        └── TradeStateError     what is asked can't follow on what there is: a shift that is closed, a month not over

That there is no such thing, that there is one already, and that somebody else must do it, the registry's errors say.
"""

from umbane.errors import InputError, UmbaneError

__all__ = ["SchemeError", "TradeError", "TradeInputError", "TradeStateError"]


class TradeInputError(InputError):
    """A value from outside can't be what it says it is."""


class SchemeError(TradeInputError):
    """A commission scheme has a field that is unknown or wrong.

    Attributes:
        everything: all that is wrong with its document, a line each, where that is more than one thing.
    """

    def __init__(self, field: str, problem: str, remedy: str, everything: str = "") -> None:
        super().__init__(field, problem, remedy)
        self.everything = everything

    def __str__(self) -> str:
        return self.everything or super().__str__()


class TradeError(UmbaneError):
    """Every value is well formed, but the trade says no."""


class TradeStateError(TradeError):
    """What is asked can't follow on what there is."""
