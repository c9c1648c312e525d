"""What one benchmark found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One figure: what was measured, how much of which unit, and over how many operations."""

    name: str
    """The room first, then what was measured: `sts.ea07.batch`."""
    value: float
    unit: str
    n: int
    """How many operations (tokens, quotes, meters, starts) the figure was taken over."""
