"""Holds the answers of the API to what its document says of them, whatever test has asked."""

import re
from functools import cache
from typing import Any

import httpx2
from jsonschema_rs import Validator, validator_for

from hamgam.app.web import WebContext, create_app
from hamgam.settings import Settings

_OF_THE_API = re.compile(r"/(api/v1/|webhook/|health$|ready$)")


async def as_described(answer: httpx2.Response) -> None:
    """For the event hook `response` of a client."""
    path = answer.request.url.path
    if not _OF_THE_API.match(path) or answer.request.method == "HEAD":
        return
    await answer.aread()
    told = f"{answer.request.method} {path} {answer.status_code}"
    template = template_of(path, answer.request.method) or _without_token(path, answer.request.method)
    if template is None or answer.status_code == 405:
        assert answer.status_code in (401, 404, 405, 413, 421), told
        return
    asked = (template, answer.request.method.lower(), str(answer.status_code))
    content = _content(*asked)
    assert content is not None, f"{told} is not in the document"
    kind = answer.headers.get("content-type", "").partition(";")[0] if answer.content else ""
    assert kind in content or not (kind or content), f"{told}: {kind} is not in the document"
    if kind.endswith("json"):
        wrong = [str(error) for error in _validator(*asked, kind).iter_errors(answer.json())]
        assert not wrong, f"{told}: {wrong[:3]}"


def described() -> set[str]:
    """The operations of the API."""
    return {
        f"{method.upper()} {path}"
        for path, methods in _document()["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    }


def template_of(path: str, method: str) -> str | None:
    """The path as the document has it; where several fit, the first, as for the routes themselves."""
    return next((one for one, fits in _paths(method.lower()) if fits.fullmatch(path)), None)


def _without_token(path: str, method: str) -> str | None:
    return template_of(path.rpartition("/")[0], method) if path.startswith("/webhook/") else None


@cache
def _document() -> dict[str, Any]:
    nothing: Any = None
    return create_app(WebContext(Settings(), nothing, nothing, nothing)).openapi()


@cache
def _paths(method: str) -> list[tuple[str, re.Pattern[str]]]:
    known = [path for path, methods in _document()["paths"].items() if method in methods]
    return [(path, re.compile(re.sub(r"\\?\{[^}]*\}", "[^/]+", re.escape(path)))) for path in known]


def _content(template: str, method: str, status: str) -> dict[str, Any] | None:
    """By media type; None where the document does not know of such an answer."""
    told = _document()["paths"][template][method]["responses"].get(status)
    if told is not None and "$ref" in told:
        told = _document()["components"]["responses"][status]
    return None if told is None else told.get("content", {})


@cache
def _validator(template: str, method: str, status: str, kind: str) -> Validator:
    content = _content(template, method, status) or {}
    schemas = {name: _closed(schema) for name, schema in _document()["components"]["schemas"].items()}
    whole = content[kind]["schema"] | {"components": {"schemas": schemas}}
    return validator_for(whole, validate_formats=True)


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """An answer holds nothing that its schema does not name."""
    return {"additionalProperties": False} | schema if "properties" in schema else schema
