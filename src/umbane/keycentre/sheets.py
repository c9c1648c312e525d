"""Shares on paper: as words and as a QR code, for a terminal and for a printer."""

from html import escape
from typing import Final

import segno

from umbane.keycentre.shares import Share

__all__ = ["qr_lines", "sheet"]

MARGIN: Final = 2
SCALE: Final = 6
HALVES: Final = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
"""Two rows of a code in one line of text: light where the terminal writes, for most terminals are dark."""

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Share</title>
<style>body {{ font: 14pt/1.7 monospace; margin: 2cm }} svg {{ margin-top: 1em }}</style></head>
<body><h1>{name}</h1>
<p>A share of the key management centre {centre}. Whoever else sees this paper has it, too.</p>
<ol>
{lines}
</ol>
{code}
</body></html>
"""


def code_of(share: Share) -> segno.QRCode:
    """The code of a share; M level, so that it is read with 15 % of it smudged."""
    return segno.make_qr(share.code(), error="m", boost_error=False)


def qr_lines(share: Share) -> list[str]:
    """The code of a share in characters that any terminal shows, two rows to a line."""
    rows = [bytes(row) for row in code_of(share).matrix_iter(border=MARGIN)]
    rows += [bytes(len(rows[0]))] * (len(rows) % 2)
    return [
        "".join(HALVES[above, below] for above, below in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]


def sheet(share: Share, custodian: str, centre: str) -> str:
    """A page to be printed, with the words and the code."""
    lines = "\n".join(f"<li>{line}</li>" for line in share.lines())
    code = code_of(share).svg_inline(scale=SCALE)
    return PAGE.format(name=escape(custodian), centre=escape(centre), lines=lines, code=code)
