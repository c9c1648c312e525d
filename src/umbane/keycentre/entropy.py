"""Chance from the operating system, with the health tests of NIST SP 800-90B section 4.4.

The system's own generator is conditioned, so these tests don't measure how good it is. They find one that is dead,
stuck or replaced by something silly, and then no key is made.
"""

import os
from collections.abc import Callable
from typing import Final

from umbane.keycentre.errors import EntropyError

__all__ = ["Entropy"]

WINDOW: Final = 512
"""Samples of the adaptive proportion test; a sample is a byte, and each draw is one window."""
REPETITIONS: Final = 5
"""So many equal bytes in a row fail: 1 + 30/8, for one false alarm in 2^30 at 8 bits a byte (4.4.1)."""
PROPORTION: Final = 16
"""So often may a window's first byte not come in it, for the same rate of false alarms (4.4.2)."""
START_UP: Final = 2
"""Windows that are tested before any is used (4.3: at least 1024 samples)."""


class Entropy:
    """Random bytes that passed the tests.

    Args:
        source: gives so many bytes as it is asked for; the operating system's, unless told otherwise.

    Raises:
        EntropyError: it fails the tests at the start.
    """

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self.source = source
        self.last, self.run = -1, 0
        for _ in range(START_UP):
            self.window()

    def draw(self, size: int) -> bytes:
        """Random bytes, each time out of a window of their own.

        Args:
            size: up to 512.

        Raises:
            EntropyError: the source fails a test, or gives another number of bytes.
        """
        if not 0 <= size <= WINDOW:
            raise EntropyError(f"{size} bytes are more than are drawn at once, which is {WINDOW}")
        return self.window()[:size]

    def window(self) -> bytes:
        """So many bytes as a test looks at, when they pass both."""
        samples = self.source(WINDOW)
        if len(samples) != WINDOW:
            raise EntropyError(f"the source of chance gave {len(samples)} bytes instead of {WINDOW}")
        for sample in samples:
            self.run = self.run + 1 if sample == self.last else 1
            self.last = sample
            if self.run >= REPETITIONS:
                raise EntropyError(f"the source of chance is stuck: it gave the same byte {REPETITIONS} times in a row")
        if samples.count(samples[0]) >= PROPORTION:
            raise EntropyError(f"the source of chance is uneven: one byte came {PROPORTION} times in {WINDOW}")
        return samples
