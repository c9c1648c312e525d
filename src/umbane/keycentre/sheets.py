"""Shares as QR codes, in characters that any terminal shows."""

import segno

from umbane.keycentre.shares import Share

__all__ = ["qr_lines"]

MARGIN = 2
HALVES = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
"""Two rows of a code in one line of text: light where the terminal writes, for most terminals are dark."""


def qr_lines(share: Share) -> list[str]:
    """The code of a share, two rows to a line; M level, so that it is read with 15 % of it smudged."""
    code = segno.make_qr(share.code(), error="m", boost_error=False)
    rows = [bytes(row) for row in code.matrix_iter(border=MARGIN)]
    rows += [bytes(len(rows[0]))] * (len(rows) % 2)
    return [
        "".join(HALVES[above, below] for above, below in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
