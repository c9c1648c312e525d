"""Short codes: what a make's customers type to see something or to have something done."""

from dataclasses import dataclass
from enum import StrEnum

from umbane.meter.face.items import Item

__all__ = ["CodePack", "Deed", "ShortCode", "Source"]


class Deed(StrEnum):
    """Something that a short code does, other than to show a reading. The value is its name in the data packs."""

    SILENCE = "silence the alarm"
    TAKE_EMERGENCY_CREDIT = "take emergency credit"


@dataclass(frozen=True, slots=True)
class Source:
    """Where codes were found.

    Attributes:
        id: the name by which codes refer to it.
        title: of the page or manual.
        address: where it is.
        date: of publication, or ``undated``.
    """

    id: str
    title: str
    address: str
    date: str


@dataclass(frozen=True, slots=True)
class ShortCode:
    """One code.

    Attributes:
        keys: what is typed before Enter.
        does: a reading that is shown, or a deed.
        nth: which of the last credit tokens a reading is about; the latest is 1.
        sources: ids of those that confirm it.
    """

    keys: str
    does: Item | Deed
    nth: int = 1
    sources: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is for."""
        return f"{self.does} ({self.nth})" if self.nth > 1 else str(self.does)


@dataclass(frozen=True, slots=True)
class CodePack:
    """The codes of one make, as far as sources confirm them and this meter has what they show.

    Attributes:
        name: for ``--pack``.
        make: whose meters.
        models: which of them.
        how: what customers of this make press, in words.
        ours: made up for this project, after no real meter.
        sources: where the codes were found; none if they are ours.
        codes: in the order of the file.
    """

    name: str
    make: str
    models: str
    how: str
    ours: bool
    sources: tuple[Source, ...]
    codes: tuple[ShortCode, ...]

    def find(self, keys: str) -> ShortCode | None:
        """The code that was typed; a ``#`` before or after it is taken for the key that starts or ends a code."""
        bare = keys.strip("#")
        exact = [code for code in self.codes if code.keys == keys]
        return next(iter(exact or [code for code in self.codes if code.keys.strip("#") == bare != ""]), None)
