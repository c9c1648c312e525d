"""The root of every error that Umbane raises on purpose.

Each room draws its own tree below these two:

::

    UmbaneError
    └── InputError        a value from outside is wrong: which one, why, and what would be right
"""

__all__ = ["InputError", "UmbaneError", "shown"]

SHOWN_CHARACTERS = 40
"""How much of a wrong value an error repeats: enough to recognise it, never a page of it."""


class UmbaneError(Exception):
    """Anything Umbane refuses or can't do, told in words for the person who asked."""


class InputError(UmbaneError, ValueError):
    """A value from outside is wrong.

    Attributes:
        field: the name of the value, as the standard or the document calls it.
        problem: what is wrong with it.
        remedy: what would be right.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(field, problem, remedy)
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}; {self.remedy}"


def shown(value: object) -> str:
    """The representation of a wrong value for an error message, cut to a length that can be read."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # CPython refuses to print huge integers and what is nested very deeply
        return f"a value of type {type(value).__name__} too large to print"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
