"""Why a bank's file is refused: a name for each reason, and the line where it shows.

::

    UmbaneError
    └── InputError
        └── TradeInputError
            └── StatementError          a file isn't a statement that can be relied on
                ├── TooLargeError       it is larger than any real one
                ├── EncodingError       its bytes are no text, or of an encoding that isn't taken
                ├── UnknownFormatError  it is none of the formats that are known, or of a version that isn't
                ├── LayoutError         what describes a bank's CSV files is wrong
                ├── DangerousXmlError   it has a document type or entities: no bank needs them
                ├── MalformedError      it breaks the rules of its format
                ├── TruncatedError      it ends too early
                ├── ValueFormatError    a date, an amount or a code in it can't be one
                ├── CurrencyError       an amount is of another currency than the account
                ├── BalanceError        what it says of its entries and what they are differ: it was changed
                ├── OrderError          its pages, statements or entries don't follow each other
                └── RepeatedError       an entry or a statement is in it twice
"""

from umbane.trade.errors import TradeInputError

__all__ = [
    "BalanceError",
    "CurrencyError",
    "DangerousXmlError",
    "EncodingError",
    "LayoutError",
    "MalformedError",
    "OrderError",
    "RepeatedError",
    "StatementError",
    "TooLargeError",
    "TruncatedError",
    "UnknownFormatError",
    "ValueFormatError",
]


class StatementError(TradeInputError):
    """A file isn't a statement that can be relied on.

    Attributes:
        line: where it shows, from 1; 0 when that is nowhere.
        field: as the format calls it.
        problem: what is wrong.
        remedy: what would be right.
    """

    def __init__(self, line: int, field: str, problem: str, remedy: str) -> None:
        super().__init__(field, problem, remedy)
        self.args = (line, field, problem, remedy)
        self.line = line

    def __str__(self) -> str:
        where = f"line {self.line}, {self.field}" if self.line else self.field
        return f"{where}: {self.problem}; {self.remedy}"


class TooLargeError(StatementError):
    """It is larger than any real one."""


class EncodingError(StatementError):
    """Its bytes are no text, or of an encoding that isn't taken."""


class UnknownFormatError(StatementError):
    """It is none of the formats that are known, or of a version that isn't."""


class LayoutError(StatementError):
    """What describes a bank's CSV files is wrong."""


class DangerousXmlError(StatementError):
    """It has a document type or entities: no bank needs them, and they can fill the memory or read other files."""


class MalformedError(StatementError):
    """It breaks the rules of its format."""


class TruncatedError(StatementError):
    """It ends too early: a part is missing."""


class ValueFormatError(StatementError):
    """A date, an amount or a code in it can't be one."""


class CurrencyError(StatementError):
    """An amount is of another currency than the account."""


class BalanceError(StatementError):
    """What it says of its entries and what they are differ."""


class OrderError(StatementError):
    """Its pages, statements or entries don't follow each other."""


class RepeatedError(StatementError):
    """An entry or a statement is in it twice."""
