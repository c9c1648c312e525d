"""YAML text → plain lists, mappings and strings, with the line each of them came from.

Only what a tariff needs is read: block and flow mappings, sequences and scalars. Every scalar stays the text that was
written, so `3.425` is exactly 3.425 and never a float. Anchors, aliases, tags, merge keys and several documents are
refused, and so is anything too deep or too long: no text makes this run code or fill the memory. The events of the
parser are read one by one, without recursion.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from umbane.pricing.errors import Problem

__all__ = ["LARGEST_FILE", "Path", "Source", "SourceError", "Tree", "read"]

LARGEST_FILE: Final = 1_000_000
"""Bytes (and characters) of a tariff file; a real one has a few thousand."""
DEEPEST: Final = 10
"""Levels of nesting; a tariff needs seven."""
MOST_NODES: Final = 20_000
"""Values and keys in one file; a real tariff has a few hundred."""

SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Escapes such as \\ud83d, which JSON writes in pairs and YAML reads as two halves that are no text."""

Path = tuple[str | int, ...]
Tree = str | list["Tree"] | dict[str, "Tree"]


class SourceError(Exception):
    """The text is not YAML that we read. The loader adds the file's name."""

    def __init__(self, line: int, field: str, problem: str, remedy: str) -> None:
        super().__init__(line, field, problem, remedy)
        self.problem = Problem("", line, field, problem, remedy)


@dataclass(frozen=True, slots=True)
class Source:
    """What the text says, the line of everything in it (of its key, if it has one), and keys given twice."""

    tree: Tree
    lines: Mapping[Path, int]
    repeated: tuple[Problem, ...]

    def line(self, path: Path) -> int:
        """The line where the value at this path begins, or the nearest thing around it that is there."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


@dataclass(slots=True)
class Level:
    """One mapping or sequence that is still open."""

    path: Path
    node: list[Tree] | dict[str, Tree]
    key: str | None = None


def read(text: str) -> Source:
    """Read one YAML document.

    Raises:
        SourceError: it isn't YAML, is empty, or uses what a tariff may not.
    """
    return _Builder().build(_events(text))


def line_of(event: yaml.Event) -> int:
    """The line where something begins, counted from 1."""
    return event.start_mark.line + 1 if event.start_mark else 1


def dotted(path: Path) -> str:
    """A path as people write it: `energy.blocks[2].price`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the document"


def _events(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SourceError(line, "the document", f"not YAML: {error.problem}", "mend the line") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character U+{error.character:04X} may not stand in YAML"
        raise SourceError(line, "the document", problem, "remove it") from error


class _Builder:
    """Puts the document together from the parser's events, with a stack of what is open."""

    def __init__(self) -> None:
        self.open: list[Level] = []
        self.lines: dict[Path, int] = {}
        self.repeated: list[Problem] = []
        self.root: list[Tree] = []
        self.count = 0

    def build(self, events: Iterator[yaml.Event]) -> Source:
        for event in events:
            self._refuse(event)
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._start(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.open.pop()
        if not self.root:
            raise SourceError(1, "the document", "it is empty", "write a tariff")
        return Source(self.root[0], self.lines, tuple(self.repeated))

    def _refuse(self, event: yaml.Event) -> None:
        """Refuse what a tariff may not use."""
        if not isinstance(event, yaml.NodeEvent):
            return
        self.count += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise self._error(event, "anchors and aliases (& and *) are not read", "write the value out")
        if getattr(event, "tag", None):
            raise self._error(event, "tags (!) are not read", "write the plain value")
        if SURROGATE.search(getattr(event, "value", "")):
            raise self._error(event, "half a character (a surrogate)", "the whole character")
        if self.count > MOST_NODES:
            raise self._error(event, f"more than {MOST_NODES} values", "split the tariff")
        if not self.open and self.root:
            raise self._error(event, "a second document (---)", "one tariff to a file")

    def _error(self, event: yaml.Event, problem: str, remedy: str) -> SourceError:
        where = self.open[-1].path if self.open else ()
        return SourceError(line_of(event), dotted(where), problem, remedy)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        level = self.open[-1] if self.open else None
        if level and isinstance(level.node, dict) and level.key is None:
            self._key(level, event)
        else:
            self._place(event, event.value)

    def _key(self, level: Level, event: yaml.ScalarEvent) -> None:
        level.key = event.value
        path = (*level.path, event.value)
        if path in self.lines:
            problem = f"given twice (first in line {self.lines[path]})"
            self.repeated.append(Problem("", line_of(event), dotted(path), problem, "keep one"))
        self.lines[path] = line_of(event)

    def _start(self, event: yaml.CollectionStartEvent, node: list[Tree] | dict[str, Tree]) -> None:
        if len(self.open) == DEEPEST:
            raise self._error(event, f"nested deeper than {DEEPEST} levels", "a tariff needs seven")
        if self.open and isinstance(self.open[-1].node, dict) and self.open[-1].key is None:
            raise self._error(event, "a list or mapping as a key", "keys are plain words")
        self.open.append(Level(self._place(event, node), node))

    def _place(self, event: yaml.Event, value: Tree) -> Path:
        """Hang a value on what is open, and remember its line."""
        path: Path = ()
        level = self.open[-1] if self.open else None
        if level is None:
            self.root.append(value)
        elif isinstance(level.node, list):
            path = (*level.path, len(level.node))
            level.node.append(value)
        else:
            key, level.key = str(level.key), None
            path = (*level.path, key)
            level.node[key] = value
        self.lines.setdefault(path, line_of(event))
        return path
