"""How a bank writes its CSV files: a small description, in TOML, that a person can write beside an example.

::

    account = "62001234567"        # or the name of a column
    currency = "ZAR"               # or the name of a column
    delimiter = ";"
    decimal = ","
    thousands = " "
    dates = "DD/MM/YYYY"
    encoding = "cp1252"
    skip = 3                       # lines before the one that names the columns
    newest_first = true

    [columns]
    booked = "Date"
    amount = "Amount"              # or debit = "…" and credit = "…"
    balance = "Balance"            # the account's after each entry: without it nobody would see what is missing
    reference = "Bank reference"
    text = ["Description", "Notes"]
"""

import codecs
import re
import tomllib
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from umbane.errors import shown
from umbane.trade.statements.errors import LayoutError

__all__ = ["Columns", "CsvLayout", "read_layout"]

ENCODINGS: Final = frozenset(
    {"ascii", "utf-8", "utf-16", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1256", "iso8859-1", "iso8859-15"}
)
DATE: Final = re.compile(r"(?:(?:YYYY|YY|MM|DD)[-/. ]?){3}")


class Columns(BaseModel):
    """The names of the columns; one that the file lacks is left out.

    Attributes:
        booked: the day of booking.
        amount: what came in, below zero what went out; or instead of it
        credit, debit: what came in and what went out, without a sign.
        balance: of the account after the entry.
        valued: the value date; the day of booking without one.
        reference: the bank's own.
        given: the payer's.
        text: what the payer wrote, from one column or several.
        name, party: name and account at the other end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    booked: str
    balance: str
    amount: str | None = None
    credit: str | None = None
    debit: str | None = None
    valued: str | None = None
    reference: str | None = None
    given: str | None = None
    text: list[str] = []
    name: str | None = None
    party: str | None = None

    @model_validator(mode="after")
    def one_way_of_amounts(self) -> Self:
        """Amounts come in one column with signs, or in two without."""
        if bool(self.amount) == bool(self.credit or self.debit) or bool(self.credit) != bool(self.debit):
            raise ValueError("name either the column amount, or the columns credit and debit")
        return self


class CsvLayout(BaseModel):
    """How a bank writes its files.

    Attributes:
        columns: which column is what.
        account: the number of the account, or the name of the column that has it.
        currency: ISO 4217, or the name of the column that has it.
        delimiter: between fields.
        decimal: between whole and part.
        thousands: what may stand between thousands; may be empty.
        dates: DD, MM and YYYY or YY with what stands between them.
        encoding: of the file; a byte-order mark is taken with any that can have one.
        skip: lines before the one that names the columns.
        newest_first: whether the last entry comes first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    columns: Columns
    account: str = Field(min_length=1)
    currency: str = Field(min_length=1)
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    dates: str = "YYYY-MM-DD"
    encoding: str = "utf-8"
    skip: int = Field(default=0, ge=0, le=100)
    newest_first: bool = False

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, name: str) -> str:
        """An encoding by its usual name; those in which a byte can be an escape aren't taken."""
        try:
            usual = codecs.lookup(name).name
        except (LookupError, ValueError):
            usual = ""
        if usual not in ENCODINGS:
            raise ValueError(f"{shown(name)} is none of {', '.join(sorted(ENCODINGS))}")
        return usual

    @field_validator("dates")
    @classmethod
    def whole_date(cls, form: str) -> str:
        """A form with day, month and year, each once."""
        if not DATE.fullmatch(form) or sorted(re.findall("Y+|M+|D+", form))[:2] != ["DD", "MM"]:
            raise ValueError(f"{shown(form)} doesn't have DD, MM and YYYY or YY once each")
        return form

    @model_validator(mode="after")
    def marks_differ(self) -> Self:
        """What stands between thousands isn't what stands before the cents."""
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same")
        return self


def read_layout(text: str) -> CsvLayout:
    """The description that a text in TOML is.

    Raises:
        LayoutError: it isn't one; the field that is wrong is named.
    """
    try:
        return CsvLayout.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LayoutError(0, "layout", f"it isn't TOML: {error}", "see the page on deposits") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(("layout", *map(str, first["loc"])))
        problem = first["msg"].removeprefix("Value error, ")
        raise LayoutError(0, field, problem[:1].lower() + problem[1:], "see the page on deposits") from None
