"""Any statement file to its statements: the format shows in the first characters."""

import re
from collections.abc import Sequence

from umbane.trade.statements.camt import read_camt
from umbane.trade.statements.checks import check_together
from umbane.trade.statements.csvfile import read_csv
from umbane.trade.statements.csvlayout import CsvLayout
from umbane.trade.statements.errors import UnknownFormatError
from umbane.trade.statements.models import Statement
from umbane.trade.statements.mt940 import read_mt940
from umbane.trade.statements.values import refuse_too_large

__all__ = ["read_statements"]

MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
XML = (b"<", b"\x00<", b"<\x00")
MT940 = re.compile(rb"(?:^|[\r\n]|\{4:)\s*:20:")


def read_statements(content: bytes, layout: CsvLayout | None = None) -> Sequence[Statement]:
    """The statements in a bank's file: camt.053, MT940, or CSV with the description of how the bank writes that.

    Args:
        content: the file.
        layout: how the bank writes CSV, if it is CSV.

    Raises:
        StatementError: it can't be relied on; the kind of the error is the reason, and it names line and field.
    """
    refuse_too_large(content)
    begins = content[:1024]
    for mark in MARKS:
        begins = begins.removeprefix(mark)
    if layout:
        return check_together([read_csv(content, layout)])
    if begins.lstrip().startswith(XML):
        return read_camt(content)
    if MT940.search(begins):
        return read_mt940(content)
    problem = "it is neither camt.053 nor MT940"
    raise UnknownFormatError(1, "file", problem, "give a layout with it if it is CSV, or have the bank send camt.053")
