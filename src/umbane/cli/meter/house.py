"""The house behind the meter: its appliances, and what somebody did to its wires."""

from dataclasses import dataclass, replace
from typing import Final

from umbane.errors import InputError, shown
from umbane.meter import Load

__all__ = ["Appliance", "House"]

MOST_WATTS: Final = 100_000
MOST_APPLIANCES: Final = 40
LONGEST_NAME: Final = 16


@dataclass(frozen=True, slots=True)
class Appliance:
    """Something with a switch.

    Attributes:
        name: what it is called at the prompt.
        watts: what it draws; negative for what feeds in, such as solar panels.
        phase: where it is plugged in, from 1; in a house with one phase it is there whatever this says.
        on: whether it is switched on.
    """

    name: str
    watts: int
    phase: int = 1
    on: bool = False


APPLIANCES: Final = (
    Appliance("light", 60, on=True),
    Appliance("fridge", 120, 2),
    Appliance("tv", 90, 3),
    Appliance("kettle", 2000, 2),
    Appliance("stove", 2500, 3),
    Appliance("geyser", 3000),
    Appliance("pump", 750, 3),
    Appliance("solar", -1500),
)


@dataclass(frozen=True, slots=True)
class House:
    """Everything that hangs on the meter's terminals.

    Attributes:
        phases: 1 or 3.
        appliances: in the order they are shown.
        reversed: the supply and load wires were swapped, so that energy seems to flow out.
        bypass: half of the current goes around the meter.
        neutral: False: the neutral was taken off.
        lost: phases that have no voltage.
    """

    phases: int = 1
    appliances: tuple[Appliance, ...] = APPLIANCES
    reversed: bool = False
    bypass: bool = False
    neutral: bool = True
    lost: tuple[int, ...] = ()

    def switch(self, name: str, *, on: bool) -> "House":
        """The house with one appliance switched on or off, or ``all`` of them (on: all but what feeds in).

        Raises:
            InputError: there is no such appliance.
        """
        if name == "all":
            every = (replace(one, on=on and (one.watts > 0 or one.on)) for one in self.appliances)
            return replace(self, appliances=tuple(every))
        self.require(name)
        return replace(
            self, appliances=tuple(replace(one, on=on) if one.name == name else one for one in self.appliances)
        )

    def require(self, name: str) -> None:
        """Raise InputError unless there is an appliance of this name."""
        names = [one.name for one in self.appliances]
        if name not in names:
            raise InputError("appliance", f"there is no {shown(name)}", f"name one of {', '.join(names)}, or all")

    def plug_in(self, name: str, watts: int, phase: int = 1) -> "House":
        """The house with one more appliance, or another one in the place of that with the same name.

        Raises:
            InputError: the name, the watts or the phase can't be.
        """
        if not (name.isidentifier() and len(name) <= LONGEST_NAME) or name == "all":
            raise InputError("appliance", f"{shown(name)} is no name", f"give up to {LONGEST_NAME} letters")
        if not 0 < abs(watts) <= MOST_WATTS:
            raise InputError("watts", f"{shown(watts)} is out of range", f"give 1 to {MOST_WATTS}, or less than 0")
        if not 1 <= phase <= self.phases:
            raise InputError("phase", f"{shown(phase)} isn't there", f"give 1 to {self.phases}")
        others = tuple(one for one in self.appliances if one.name != name)
        if len(others) >= MOST_APPLIANCES:
            raise InputError("appliance", "the house is full", f"it has room for {MOST_APPLIANCES}")
        return replace(self, appliances=(*others, Appliance(name, watts, phase)))

    def load(self, volts: int) -> Load:
        """What the meter sees."""
        wanted = [0] * self.phases
        for one in self.appliances:
            phase = min(one.phase, self.phases)
            if one.on and phase not in self.lost:
                wanted[phase - 1] += one.watts * (-1 if self.reversed else 1)
        if not self.bypass:
            return Load(tuple(wanted), neutral_connected=self.neutral, lost_phases=self.lost)
        neutral = sum(abs(watts) for watts in wanted) * 1000 // volts
        seen = tuple(watts // 2 for watts in wanted)
        return Load(seen, neutral, neutral_connected=self.neutral, lost_phases=self.lost)
