"""What hangs on the meter's terminals: appliances, wires, and people's ideas about wires."""

from dataclasses import dataclass, field
from typing import Final, Self

from umbane.errors import shown
from umbane.meter.errors import MeterInputError, require_int

__all__ = ["NO_LOAD", "Load"]

MAX_WATTS: Final = 10**9
MAX_MILLIAMPS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Load:
    """The load of one stretch of time. Build it once and use it again: what follows from it is worked out here.

    It is what the appliances want: nothing flows while the meter's load switch is open.

    Attributes:
        watts: active power per phase, as the phase elements measure it; positive is import, negative export.
        neutral_milliamps: current in the neutral; None: what came in by the phase. Another value means that
            current bypasses the meter.
        neutral_connected: False when the neutral was taken off to starve the meter of voltage.
        power_factor: in thousandths, 1-1000; currents follow from it.
        lost_phases: numbers (from 1) of phases without voltage.
    """

    watts: tuple[int, ...]
    neutral_milliamps: int | None = None
    neutral_connected: bool = True
    power_factor: int = 1000
    lost_phases: tuple[int, ...] = ()
    imported: tuple[int, ...] = field(init=False, repr=False, compare=False)
    exported: tuple[int, ...] = field(init=False, repr=False, compare=False)
    total: int = field(init=False, repr=False, compare=False)
    unbalance: int = field(init=False, repr=False, compare=False)
    is_plain: bool = field(init=False, repr=False, compare=False)
    """Whether nothing about its current is remarkable."""

    def __post_init__(self) -> None:
        self.require_sound()
        derive = object.__setattr__  # the way to fill in a frozen dataclass
        derive(self, "imported", tuple(max(0, watts) for watts in self.watts))
        derive(self, "exported", tuple(max(0, -watts) for watts in self.watts))
        derive(self, "total", sum(self.imported))
        derive(self, "unbalance", max(self.watts) - min(self.watts))
        plain = min(self.watts) >= 0 and self.neutral_connected and self.neutral_milliamps is None
        derive(self, "is_plain", plain)

    def require_sound(self) -> None:
        """Raise MeterInputError for a load that can't be."""
        given: object = self.watts
        if not isinstance(given, tuple) or len(given) not in {1, 3}:
            raise MeterInputError("watts", f"{shown(given)} isn't for one or three phases", "give (w,) or (w1, w2, w3)")
        for watts in self.watts:
            require_int("watts", watts, -MAX_WATTS, MAX_WATTS)
        require_int("power_factor", self.power_factor, 1, 1000)
        if self.neutral_milliamps is not None:
            require_int("neutral_milliamps", self.neutral_milliamps, 0, MAX_MILLIAMPS)
        for phase in self.lost_phases:
            if self.watts[require_int("lost_phases", phase, 1, len(self.watts)) - 1]:
                raise MeterInputError("lost_phases", f"phase {phase} carries power", "give a lost phase 0 W")

    @classmethod
    def of(cls, watts: int) -> Self:
        """A load on one phase: positive watts are import, negative export."""
        return cls((watts,))

    def milliamps(self, volts: int) -> int:
        """The current in the first phase at a voltage, rounded down."""
        return abs(self.watts[0]) * 1_000_000 // (volts * self.power_factor)


NO_LOAD: Final = {phases: Load((0,) * phases) for phases in (1, 3)}
"""Nothing switched on, by number of phases."""
