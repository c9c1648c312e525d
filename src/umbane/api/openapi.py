"""The OpenAPI 3.1 document, made from the operations themselves."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from msgspec.json import schema_components

from umbane import __version__
from umbane.api.desk import Operation
from umbane.api.problems import Problem

__all__ = ["document"]

REF: Final = "#/components/schemas/{name}"
EVERYWHERE: Final = (400, 500)
"""Statuses that any operation may answer."""
WITH_BODY: Final = (413, 415)
LET_IN: Final = (401, 403, 429, 503)
WORD: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:~-]{0,63}$"}
NOT_ANY_MORE: Final = "$(?!\\n)"


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document of these operations."""
    types = {it for operation in operations for it in types_of(operation)} | {Problem}
    _, components = schema_components(sorted(types, key=lambda it: it.__name__), ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = described(operation)
    made: dict[str, Any] = plain({
        "openapi": "3.1.0",
        "info": {"title": "Umbane", "version": __version__, "summary": "Sells prepaid electricity, exactly once"},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    })  # fmt: skip
    return made


def types_of(operation: Operation) -> Iterable[type[msgspec.Struct]]:
    """The bodies of an operation."""
    yield from operation.answers.values()
    if operation.body and issubclass(operation.body, msgspec.Struct):
        yield operation.body


def described(operation: Operation) -> dict[str, Any]:
    """An operation as the document has it."""
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*path_parameters(operation), *query_parameters(operation), *header_parameters(operation)],
        "responses": responses(operation),
    }
    if operation.body:
        found["requestBody"] = {"required": True, "content": content_of(operation)}
    if operation.rights:
        found["security"] = [{"bearer": [str(right)]} for right in operation.rights]
        found["description"] = "Takes the right to " + " or ".join(operation.rights) + "."
    return found


def path_parameters(operation: Operation) -> list[dict[str, Any]]:
    """The values in the path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": path_schema(name)}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]


def path_schema(name: str) -> dict[str, Any]:
    """What a value in a path looks like."""
    if name.endswith("_id") and name != "message_id":
        return {"type": "string", "format": "uuid"}
    return WORD


def query_parameters(operation: Operation) -> list[dict[str, Any]]:
    """The values behind the question mark."""
    if operation.query is None:
        return []
    _, components = schema_components([operation.query], ref_template=REF)
    (schema,) = components.values()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": it}
        for name, it in schema["properties"].items()
    ]


def header_parameters(operation: Operation) -> list[dict[str, Any]]:
    """The headers that an operation takes."""
    if not operation.keyed:
        return []
    words = "the caller's own: the same key with the same words gets the same answer for 90 days"
    return [
        {"name": "Idempotency-Key", "in": "header", "required": True, "description": words, "schema": WORD},
    ]


def content_of(operation: Operation) -> dict[str, Any]:
    """What a body is."""
    if operation.body and issubclass(operation.body, msgspec.Struct):
        return json_of(operation.body)
    return {operation.media: {"schema": {"type": "string"}}}


def responses(operation: Operation) -> dict[str, Any]:
    """What may be answered."""
    found = {
        str(int(status)): {"description": HTTPStatus(status).phrase, "content": json_of(body)}
        for status, body in operation.answers.items()
    }
    statuses = {*EVERYWHERE, *operation.problems, *(WITH_BODY if operation.body else ())}
    statuses |= {*LET_IN} if operation.rights else set()
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}}
    for status in sorted(statuses):
        found[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
    return found


def json_of(body: type[msgspec.Struct]) -> dict[str, Any]:
    """A body of this type."""
    return {"application/json": {"schema": {"$ref": REF.format(name=body.__name__)}}}


def plain(node: Any) -> Any:  # noqa: ANN401 - any part of a document
    """The same without what only Python's patterns need: in JSON Schema "$" is the end and nothing else."""
    match node:
        case dict():
            return {name: plain(it) for name, it in node.items()}
        case list() | tuple():
            return [plain(it) for it in node]
        case str():
            return node.replace(NOT_ANY_MORE, "$")
        case _:
            return node
