"""The list of the API's operations, for integrators: told from the OpenAPI document, subject by subject."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.access import Viewer
from hamgam.app.pages.shell import page
from hamgam.app.problems import KINDS

_MOST_VALUES = 8
"""A longer list of values is named by what they are."""
Schema = Mapping[str, Any]


class Operation(NamedTuple):
    method: str
    path: str
    anchor: str
    told: Mapping[str, Any]
    """As the document has it."""
    parameters: list["Value"]
    body: "Body | None"
    answer: list["Value"]
    """What it answers where it is done."""


class Body(NamedTuple):
    """What is sent along, as JSON."""

    values: list["Value"]
    example: str


class Value(NamedTuple):
    """A parameter, or a value inside a body: `filter.reason`, `rows[].id`."""

    name: str
    kind: str
    required: bool
    about: str
    place: str = ""
    """`path` or `query`."""


def operations_routes(app: FastAPI) -> APIRouter:
    router = APIRouter()

    @router.get("/api/docs")
    async def operations(request: Request, _: Viewer) -> HTMLResponse:
        return page(
            request,
            "docs.html",
            subjects=by_subject(app.openapi()),
            problems=KINDS,
            address=str(request.base_url).rstrip("/"),
        )

    return router


def by_subject(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """Every operation under its first tag, in the order of the document."""
    schemas = document.get("components", {}).get("schemas", {})
    subjects: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            subjects.setdefault(told["tags"][0], []).append(_operation(method, path, told, schemas))
    return subjects


def _operation(method: str, path: str, told: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Operation:
    parameters = [
        Value(
            given["name"],
            _kind(given["schema"], schemas),
            given.get("required", False),
            given.get("description", ""),
            given["in"],
        )
        for given in told.get("parameters", ())
    ]
    anchor = re.sub(r"[^a-z0-9]+", "-", f"{method}{path}".lower()).strip("-")
    answer = [value._replace(required=False) for value in _values(_answer(told), schemas)]
    return Operation(method.upper(), path, anchor, told, parameters, _body(told, schemas), answer)


def _answer(told: Mapping[str, Any]) -> Schema:
    """A list is told of by what it lists."""
    done: Mapping[str, Any] = next(
        (answer for code, answer in told["responses"].items() if code.startswith("2")), {}
    )
    schema: Schema = done.get("content", {}).get("application/json", {}).get("schema", {})
    return schema["items"] if schema.get("type") == "array" else schema


def _body(told: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Body | None:
    content = told.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    example = content.get("example")
    written = json.dumps(example, ensure_ascii=False, indent=2) if example is not None else ""
    return Body(list(_values(content["schema"], schemas)), written)


def _values(schema: Schema, schemas: Mapping[str, Schema], prefix: str = "") -> Iterator[Value]:
    """The values of an object, each followed by those inside it."""
    schema = _resolved(schema, schemas)
    for name, given in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        yield Value(prefix + name, _kind(given, schemas), required, given.get("description", ""))
        inner = _resolved(given, schemas)
        if inner.get("type") == "array":
            yield from _values(inner["items"], schemas, f"{prefix}{name}[].")
        else:
            yield from _values(inner, schemas, f"{prefix}{name}.")


def _kind(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    schema = _resolved(schema, schemas)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        values = schema["enum"]
        return " | ".join(values) if len(values) <= _MOST_VALUES else str(schema["title"])
    if schema.get("type") == "array":
        return f"{_kind(schema['items'], schemas)}[]"
    return str(schema.get("format") or schema.get("type", "object"))


def _resolved(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """The schema that this one refers to; of alternatives, the first that is not null."""
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        else:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    return schema
