"""What the OpenAPI document says besides the operations: how one gets in, as whom, and what a refusal is."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from hamgam.app.access import Needs
from hamgam.app.csrf import HEADER
from hamgam.app.entrance import MONITORING, SESSION_COOKIE
from hamgam.app.problems import MEDIA_TYPE, Problem
from hamgam.people.roles import Role

Document = dict[str, Any]
ROLE = "x-role"
_REF = "#/components/schemas/{model}"
_PROBLEM = {"schema": {"$ref": _REF.format(model="Problem")}}
_SAFE = ("get", "head")
_REPORTING = ("/health", "/ready")
"""They answer 503 as a report; where nobody can be recognised it is a refusal all the same."""
_ANY = {500: "A defect of this program; its log says where"}
_WITH_VALUES = {400: "A value is wrong; `detail` names it"}
_WITH_BODY = {413: "More than a request may hold, which is 1 MiB; 256 KiB of a delivery"}
_GUARDED = {
    401: "Nobody is signed in, or the token is unknown or revoked",
    403: "The role is not enough, or the proof of a form of ours is missing",
    421: "Without users and a password the service is open to those who ask by an address that it knows",
    429: "Too many wrong passwords; `Retry-After` says when to ask again",
    503: "The database does not answer, so nobody can be recognised; `Retry-After` says when to ask again",
}
ABOUT = """\
Programs bring a token: `Authorization: Bearer …`. It is made with `hamgam token add NAME --role viewer`, at `/people`,
or by `POST /api/v1/tokens`.

Moments are ISO 8601 in UTC, days are days in Tehran, and a duration has its unit in its name. Amounts of money and
quantities are decimal numbers as text. Names are in camelCase, but for `/api/v1/status`, which is the document of
`hamgam status --json`. Values may be added to answers; those that are there stay.

What is refused is a problem (RFC 9457) with a `type` that stays.
"""  # noqa: E501
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
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(mode="serialization", ref_template=_REF)
    parts["responses"] = {
        str(status): {"description": description, "content": {MEDIA_TYPE: _PROBLEM}}
        for status, description in (_ANY | _WITH_VALUES | _WITH_BODY | _GUARDED).items()
    }
    for method, path, role in roles(routes):
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is not None:
            operation["security"] = _ways(method.lower(), path, role)
            _refusals(operation, path, guarded=role is not None)
            if role is not None:
                operation[ROLE] = role.value


def _ways(method: str, path: str, role: Role | None) -> list[Document]:
    if path.startswith("/webhook/"):
        return [{"signature": []}, {"address": []}]
    if role is None:
        return []
    session: Document = {"session": []} if method in _SAFE else {"session": [], "form": []}
    return [{"token": []}, session, *([{"monitoring": []}] if path in MONITORING else [])]


def _refusals(operation: Document, path: str, *, guarded: bool) -> None:
    """All statuses that it can refuse with, each with the schema of a problem."""
    responses = operation["responses"]
    responses.pop("default", None)
    for code, response in responses.items():
        if code == "503" and path in _REPORTING:
            response["content"] |= {MEDIA_TYPE: _PROBLEM} if guarded else {}
        elif code[0] in "45":
            told = response.get("content", {}).get("application/json", _PROBLEM)
            response["content"] = {MEDIA_TYPE: told}
    common = dict(_ANY)
    common |= _GUARDED if guarded else {}
    common |= _WITH_VALUES if operation.get("parameters") or "requestBody" in operation else {}
    common |= _WITH_BODY if "requestBody" in operation else {}
    for status in common:
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    operation["responses"] = dict(sorted(responses.items()))
