"""The API against its own OpenAPI document: whatever is sent, it answers as the document says."""

import asyncio
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.counter import Counter
from tests.api.staff import session
from umbane.api import OPERATIONS, TILL
from umbane.api.openapi import document
from umbane.api.rights import OF_STAFF
from umbane.registry import Role

load_all_checks()
SCHEMA = schemathesis.openapi.from_dict(document(OPERATIONS))
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
RIGHTS = {it.name: it.rights for it in OPERATIONS}


PAIRS = [
    (it.name, mode)
    for it in OPERATIONS
    for mode in GenerationMode
    if not OF_STAFF.intersection(it.rights)  # those are tried in tests/api/managing
    if it.rights or it.body or mode is GenerationMode.POSITIVE  # what takes nothing can't be asked wrongly
]


def try_many(counter: Counter, headers: dict[str, str], name: str, mode: GenerationMode, examples: int) -> None:
    """Ask an operation for many things, and hold its answers against the document."""
    found = SCHEMA.find_operation_by_id(name)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(counter.socket)), base_url="http://till") as http:

        @settings(
            max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )  # fmt: skip
        @given(found.as_strategy(generation_mode=mode))
        def one(case: "Case[Any]") -> None:
            parts = case.as_transport_kwargs(base_url="http://till")
            parts["headers"] = {**parts["headers"], **headers}
            parts.pop("cookies", None)
            if isinstance(parts.get("data"), bytes | str):
                parts["content"] = parts.pop("data")
            case.validate_response(http.request(**parts), checks=CHECKS)

        one()


@pytest.mark.parametrize(("name", "mode"), PAIRS)
async def test_every_operation(counter: Counter, name: str, mode: GenerationMode) -> None:
    """Requests made from the document, and requests made to break it, are answered with what it announces."""
    headers = {"Authorization": f"Bearer {counter.key}"}
    if not TILL.intersection(RIGHTS[name]):  # a till opens no such door, but a person does
        headers = await session(counter, *Role)
    await asyncio.to_thread(try_many, counter, headers, name, mode, EXAMPLES)


async def test_the_document(counter: Counter) -> None:
    """The document that is served is the one of the operations, in OpenAPI 3.1."""
    served = (await counter.http.get("/openapi.json")).json()
    assert (served["openapi"], served) == ("3.1.0", document(OPERATIONS))


def test_every_role_has_rights_of_its_own() -> None:
    """No operation is open to everybody but those that have to be, and nobody may do everything."""
    everybodys = {"sign_in", "health", "readiness", "log_head", "log_heads", "log_consistency"}
    assert {it.name for it in OPERATIONS if not it.rights} == everybodys
    assert len(Role) == 10
