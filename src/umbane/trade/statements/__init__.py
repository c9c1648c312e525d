"""Statement files of banks, read so that money can be booked by them: CSV, MT940, camt.053. Bytes in, values out.

Whatever the format, the result is a `Statement`. A file that doesn't hold together is refused as a whole, by an error
whose kind is the reason, and which names line and field: see `errors`.

- `reading`: which format a file is; `mt940` and `narrative`, `camt` and `xmltree`, `csvfile` and `csvlayout`: one each
- `following`: whether statements are missing between those that were read
- `checks`: what is checked of every statement; `values`: amounts, dates and texts; `models`: the result
"""

from umbane.trade.statements.csvlayout import Columns, CsvLayout, read_layout
from umbane.trade.statements.errors import StatementError
from umbane.trade.statements.following import Gap, Read, gaps
from umbane.trade.statements.models import Balance, BankEntry, Party, Statement, identities
from umbane.trade.statements.reading import read_statements
from umbane.trade.statements.values import LARGEST_FILE

__all__ = [
    "LARGEST_FILE",
    "Balance",
    "BankEntry",
    "Columns",
    "CsvLayout",
    "Gap",
    "Party",
    "Read",
    "Statement",
    "StatementError",
    "gaps",
    "identities",
    "read_layout",
    "read_statements",
]
