"""XML as a tree that knows its lines, read by Expat: without document types, entities, depth or size that do harm."""

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from umbane.errors import shown
from umbane.trade.statements.errors import (
    DangerousXmlError,
    EncodingError,
    MalformedError,
    StatementError,
    TruncatedError,
)

__all__ = ["Node", "read_xml"]

DEEPEST: Final = 40
"""Levels of nesting; a statement has fifteen."""
MOST_NODES: Final = 1_000_000
ENDS_EARLY: Final = frozenset(
    {expat.errors.codes[it] for it in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)}
)
BYTES: Final = frozenset(
    {
        expat.errors.codes[it]
        for it in (
            expat.errors.XML_ERROR_UNKNOWN_ENCODING,
            expat.errors.XML_ERROR_INCORRECT_ENCODING,
            expat.errors.XML_ERROR_PARTIAL_CHAR,
        )
    }
)
NO_BANK: Final = "have the bank send it without: no statement needs that"


@dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        space: its namespace.
        tag: its name there.
        line: where it begins.
        attributes: by their names.
        children: the elements in it.
        text: the characters in it, before its children if it has any.
    """

    space: str
    tag: str
    line: int
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def every(self, path: str) -> list["Node"]:
        """Every element at the end of a path such as "Acct/Id/IBAN", in order."""
        found = [self]
        for tag in path.split("/"):
            found = [child for node in found for child in node.children if child.tag == tag]
        return found

    def first(self, *paths: str) -> "Node | None":
        """The first element at the end of the first of these paths that there is."""
        return next((node for path in paths for node in self.every(path)), None)

    def words(self, *paths: str) -> str:
        """What the first element says at the end of the first of these paths that there is, or nothing."""
        node = self.first(*paths)
        return node.text.strip() if node else ""


class Builder:
    """Builds the tree, and refuses what no statement needs."""

    def __init__(self) -> None:
        self.document = Node("", "", 0, {})
        self.open = [self.document]
        self.made = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        space, _, tag = name.rpartition(" ")
        line = self.parser.CurrentLineNumber
        self.made += 1
        if len(self.open) >= DEEPEST or self.made > MOST_NODES:
            raise DangerousXmlError(line, tag, "it is nested, or repeated, beyond all statements", NO_BANK)
        node = Node(space, tag, line, attributes)
        self.open[-1].children.append(node)
        self.open.append(node)

    def end(self, _name: str) -> None:
        """An element ends."""
        self.open.pop()

    def characters(self, text: str) -> None:
        """Characters stand in an element; those beside other elements say nothing."""
        if not self.open[-1].children:
            self.open[-1].text += text

    def refuse_doctype(self, name: str, *_declared: object) -> None:
        """A document type begins: it could declare entities."""
        raise DangerousXmlError(self.parser.CurrentLineNumber, "DOCTYPE", f"it declares {shown(name)}", NO_BANK)


def read_xml(content: bytes) -> Node:
    """The root of a document.

    Raises:
        DangerousXmlError: it has a document type, or is nested or long beyond reason.
        EncodingError: its bytes aren't of the encoding that it says.
        TruncatedError: it ends within an element.
        MalformedError: it isn't XML.
    """
    builder = Builder()
    try:
        builder.parser.Parse(content, True)  # noqa: FBT003 - Expat takes it by its place: this is all
    except StatementError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = builder.parser.CurrentLineNumber
        problem = str(error).partition(":")[0]
        code = error.code if isinstance(error, expat.ExpatError) else None
        if code in BYTES or code is None:
            raise EncodingError(line, "file", f"its encoding can't be read ({problem})", "send it as UTF-8") from None
        if code in ENDS_EARLY or at_end(builder, content):
            raise TruncatedError(
                line, "file", "it ends within an element", "give the file as sent, to its end"
            ) from None
        raise MalformedError(line, "file", f"it isn't XML ({problem})", "give the file as the bank sent it") from None
    return builder.document.children[0]


def at_end(builder: Builder, content: bytes) -> bool:
    """Whether reading stopped at the last byte."""
    return builder.parser.CurrentByteIndex >= len(content)
