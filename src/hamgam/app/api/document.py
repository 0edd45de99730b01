"""What the OpenAPI document says besides the operations: how one gets in, as whom, and what a refusal is."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from hamgam.app.access import Needs
from hamgam.app.csrf import HEADER
from hamgam.app.entrance import MONITORING, SESSION_COOKIE
from hamgam.people.roles import Role

Document = dict[str, Any]
ROLE = "x-role"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SAFE = ("get", "head")
_OF_ITS_OWN = ("/health", "/ready")
"""They answer 503 as a report, not as a refusal."""
_GUARDED = {
    401: "Nobody is signed in, or the token is unknown or revoked",
    403: "The role is not enough, or the proof of a form of ours is missing",
    503: "The database does not answer, so nobody can be recognised; `Retry-After` says when to ask again",
}
_SCHEMES: Document = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Of a program, from `hamgam token add`, `/people` or `POST /api/v1/tokens`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Of a browser in which somebody has signed in at `/sign-in`.",
    },
    "form": {
        "type": "apiKey",
        "in": "header",
        "name": HEADER,
        "description": "Proves beside a session that a page of ours sends it: the `csrf` of its forms.",
    },
    "monitoring": {"type": "http", "scheme": "basic", "description": "`DASHBOARD_PASSWORD`, with any name."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Webhook-Signature",
        "description": "`sha256=` and the HMAC of the body with `WEBHOOK_SECRET`.",
    },
    "address": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "`WEBHOOK_TOKEN`, also as the last part of the path.",
    },
}
_PROBLEM_SCHEMA: Document = {
    "title": "Problem",
    "description": "Why nothing was done (RFC 9457). Some say more, such as `by` and `at` of who was faster.",
    "type": "object",
    "required": ["status", "title"],
    "properties": {
        "status": {"type": "integer", "description": "that of the answer"},
        "title": {"type": "string"},
        "detail": {"type": "string", "description": "what is wrong with this request"},
    },
    "examples": [
        {"status": 400, "title": "The request is wrong", "detail": "limit: Input should be a valid integer"}
    ],
}


def needed_role(dependant: Dependant) -> Role | None:
    """Which role the endpoint of a route asks for."""
    found = [each.call.role for each in dependant.dependencies if isinstance(each.call, Needs)]
    return found[0] if found else None


def roles(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, Role | None]]:
    """Method, path and role of each operation."""
    for route in iter_route_contexts(routes):
        dependant = getattr(route, "dependant", None)
        role = needed_role(dependant) if isinstance(dependant, Dependant) else None
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            yield method, route.path or "", role


def complete(document: Document, routes: Sequence[BaseRoute]) -> None:
    """Say of each operation which role it needs, by which ways one gets in, and how it refuses."""
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = _SCHEMES
    parts.setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    for method, path, role in roles(routes):
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is not None:
            operation["security"] = _ways(method.lower(), path, role)
            if path not in _OF_ITS_OWN:
                _refusals(operation["responses"], guarded=role is not None)
            if role is not None:
                operation[ROLE] = role.value


def _ways(method: str, path: str, role: Role | None) -> list[Document]:
    if path.startswith("/webhook/"):
        return [{"signature": []}, {"address": []}]
    if role is None:
        return []
    session: Document = {"session": []} if method in _SAFE else {"session": [], "form": []}
    return [{"token": []}, session, *([{"monitoring": []}] if path in MONITORING else [])]


def _refusals(responses: Document, *, guarded: bool) -> None:
    for status, description in _GUARDED.items() if guarded else ():
        responses.setdefault(str(status), {"description": description})
    for code, response in responses.items():
        if code.startswith(("4", "5")):
            response.setdefault("content", _PROBLEM)
