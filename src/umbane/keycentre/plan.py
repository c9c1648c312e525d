"""Ceremony files: YAML that says everything that will be done, and is reviewed before anybody meets.

The file is the only input of a ceremony but for what custodians type: shares, and components of keys.
"""

import re
from collections.abc import Hashable, Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

import yaml
from pydantic import Field, StringConstraints, ValidationError, field_validator
from pydantic_core import ErrorDetails

from umbane.keycentre.errors import CeremonyFileError
from umbane.keycentre.names import known_as
from umbane.keycentre.steps import ModuleName, Part, Step, Text
from umbane.security import Realm

__all__ = ["NEW", "CeremonyPlan", "plan_hash", "read_plan", "write_plan"]

NEW: Final = "new"
"""The head of a centre that isn't founded yet."""
LARGEST: Final = 200_000
MOST_NODES: Final = 10_000
PLAIN: Final = re.compile(r"-?(0|[1-9][0-9]{0,19})")

Head = Annotated[str, StringConstraints(strict=True, pattern=r"^(new|[0-9a-f]{4}(-[0-9a-f]{4}){7})$")]


class CeremonyPlan(Part):
    """What a ceremony file says."""

    ceremony: Text
    """What it is for, in a line."""
    centre: ModuleName
    realm: Realm
    head: Head
    """Where the centre stands: the head of its last transcript, or ``new``."""
    confirming: Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)]
    """The two people who confirm each step."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=100)]

    @field_validator("confirming")
    @classmethod
    def two_people(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse one person named twice."""
        if known_as(names[0]) == known_as(names[1]):
            raise ValueError("name two people")
        return names


def plan_hash(text: bytes) -> str:
    """What stands for a ceremony file: the reviewers write it down, and the people in the room compare it."""
    digits = sha256(text).hexdigest()[:32]
    return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def read_plan(text: bytes) -> CeremonyPlan:
    """The plan in a ceremony file.

    Raises:
        CeremonyFileError: it isn't one; every problem that was found is named with its place.
    """
    if len(text) > LARGEST:
        raise CeremonyFileError("ceremony file", "it is too large", f"give at most {LARGEST} bytes")
    try:
        tree = yaml.load(visible(text.decode("utf-8")), Loader=StrictLoader)  # noqa: S506 - a SafeLoader that allows less
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CeremonyFileError("ceremony file", f"it isn't YAML ({place(error)})", "mend it there") from None
    try:
        return CeremonyPlan.model_validate(tree)
    except ValidationError as error:
        found = list(problems(error.errors(include_url=False, include_input=False)))
        more = f"{found[0]}; mend it" if len(found) == 1 else "mend each of these:\n  " + "\n  ".join(found)
        raise CeremonyFileError("ceremony file", f"{len(found)} thing(s) wrong", more) from None


def visible(text: str) -> str:
    """The same text, when a reviewer sees what the machine reads: no sign that is unseen or turns a line around.

    Raises:
        YAMLError: there is one; the error says where.
    """
    for number, line in enumerate(text.split("\n")):
        if not line.removesuffix("\r").isprintable():
            mark = yaml.Mark("", 0, number, 0, None, 0)
            raise yaml.MarkedYAMLError(problem="it has signs that nobody sees, such as tabs", problem_mark=mark)
    return text


class StrictLoader(yaml.SafeLoader):
    """Plain values only; no key twice, no references."""

    nodes = 0

    def plain_number(self, node: yaml.ScalarNode) -> int:
        """Refuse numbers that YAML reads otherwise than people: 010 is eight to it, and 1:30 ninety."""
        if not PLAIN.fullmatch(node.value):
            problem = "this isn't a plain number: write it without leading zeros, or between quotes if it is a text"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return int(node.value)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse references, which can hide what a reviewer doesn't see, and files without end."""
        self.nodes += 1
        if self.nodes > MOST_NODES or self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="references are not allowed", problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the parent's signature
        """Refuse a key that is there twice, or merged in."""
        names = [key.value for key, _ in node.value]
        if len({*map(str, names)}) != len(names) or "<<" in names:
            raise yaml.MarkedYAMLError(problem="a field is there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


StrictLoader.add_constructor("tag:yaml.org,2002:int", StrictLoader.plain_number)


class PlainDumper(yaml.SafeDumper):
    """Writes everything out, in the order in which it comes."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the parent's signature
        """Refer to nothing."""
        return True


def write_plan(tree: Mapping[str, Any]) -> bytes:
    """The text of a ceremony file.

    Raises:
        CeremonyFileError: it wouldn't be one.
    """
    text: str = yaml.dump(dict(tree), Dumper=PlainDumper, sort_keys=False, allow_unicode=True)
    read_plan(text.encode())
    return text.encode()


def place(error: Exception) -> str:
    """Where in a file it went wrong, and what."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it can't be read"
    return f"line {mark.line + 1}: {problem}" if mark else str(problem)


def problems(errors: list[ErrorDetails]) -> Iterator[str]:
    """What is wrong, in words, each with its place."""
    for error in errors:
        if error["type"] == "too_short" and len(errors) > 1:
            continue  # parts that are wrong themselves aren't counted
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"])
        yield f"{where or 'the file'}: {WORDS.get(error['type'], error['msg'].removeprefix(OURS))}"


OURS: Final = "Value error, "
"""What stands before the words of our own errors."""

WORDS: Final = {
    "missing": "is missing",
    "too_short": "has too few",
    "too_long": "has too many",
    "string_too_short": "is empty",
    "extra_forbidden": "is not a field here",
    "string_type": "is not a text: put it between quotes",
    "union_tag_invalid": "says to do something that isn't known",
    "union_tag_not_found": "doesn't say what to do",
}
