"""A day of trade: all tills at once, each in its own thread, and what came of it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Final

from umbane.client import Sale
from umbane.simulation.demo.plan import Errand
from umbane.simulation.demo.till import Done, Till

__all__ = ["Day", "replay"]

MOST_TILLS: Final = 8
"""At once; the others wait."""

Watcher = Callable[[Done], object]


@dataclass(frozen=True, slots=True)
class Day:
    """What became of a day.

    Attributes:
        number: which.
        done: its errands, in the order of their times.
        seconds: how long it took.
    """

    number: int
    done: Sequence[Done]
    seconds: float

    @property
    def sales(self) -> list[Sale]:
        """What was sold."""
        return [it.sale for it in self.done if it.sale]

    @property
    def refusals(self) -> list[Done]:
        """What was not."""
        return [it for it in self.done if it.problem]

    @property
    def surprises(self) -> list[str]:
        """Whatever was not as it has to be."""
        return [surprise for it in self.done for surprise in it.surprises]


def replay(  # noqa: PLR0913 - where, who, what, and who watches
    url: str, keys: Mapping[str, str], day: int, errands: Sequence[Errand], *, stop: Event, on_done: Watcher
) -> list[Done]:
    """Do all errands over HTTP: each till one after the other, the tills side by side.

    Args:
        url: of the server.
        keys: the API key of each till.
        day: which one it is.
        errands: of all tills, in the order of their times.
        stop: when it is set, what is under way is finished, and nothing else begun.
        on_done: told of each errand, from any thread.
    """
    queues: dict[str, list[Errand]] = defaultdict(list)
    for errand in errands:
        queues[errand.till].append(errand)

    def work(till: str) -> list[Done]:
        found = []
        with Till(url, keys[till], day) as open_till:
            for errand in queues[till]:
                if stop.is_set():
                    break
                found.append(open_till.run(errand))
                on_done(found[-1])
        return found

    with ThreadPoolExecutor(MOST_TILLS, "till") as pool:
        done = [it for found in pool.map(work, queues) for it in found]
    return sorted(done, key=lambda it: (it.errand.minute, it.errand.number))
