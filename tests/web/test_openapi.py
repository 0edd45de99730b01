"""The document of the API: valid, complete about roles and refusals, and true."""

import html
import re
from typing import Any

import httpx2
import pytest
import schemathesis
from fastapi import FastAPI
from jsonschema_rs import validator_for

from hamgam.app.api.document import ROLE
from hamgam.app.problems import KINDS
from hamgam.app.web import create_app
from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.people import tokens, users
from hamgam.people.roles import Role
from tests.web.conftest import NOW, Installation
from tests.web.routes import operations
from tests.web.test_pages import well_formed


@pytest.fixture
def app(installation: Installation, db: Database) -> FastAPI:
    return create_app(installation.context(db))


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def described(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation, with the answers that it shares with others in their places."""
    shared = document["components"]["responses"]
    return {
        f"{method.upper()} {path}": operation
        | {
            "responses": {
                code: shared[code] if "$ref" in told else told
                for code, told in operation["responses"].items()
            }
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_a_valid_document(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(document).validate()


def test_each_operation_says_its_role_and_the_ways_in(app: FastAPI, document: dict[str, Any]) -> None:
    known = described(document)
    for each in operations(app):
        if not each.path.startswith("/api/v1/"):
            continue
        said = known[str(each)]
        assert (str(each), said[ROLE]) == (str(each), each.role)
        beside = [] if each.method == "GET" else ["form"]
        assert [list(way) for way in said["security"]] == [["token"], ["session", *beside]]
        assert {"401", "403", "429", "500", "503"} <= set(said["responses"])
    used = {name for operation in known.values() for way in operation["security"] for name in way}
    assert used == set(document["components"]["securitySchemes"])
    assert known["GET /health"]["security"] == []
    assert {"monitoring": []} in known["GET /metrics"]["security"]


def test_every_answer_has_a_shape(document: dict[str, Any]) -> None:
    """Of its own; what may be anything is said to be so at the field that holds it."""
    for name, operation in described(document).items():
        for code, answer in operation["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if kind.endswith("json"):
                    schema = content["schema"].get("items", content["schema"])
                    assert (name, code, set(schema)) == (name, code, {"$ref"})


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in described(document).items():
        for code, answer in operation["responses"].items():
            if code[0] in "45" and name not in ("GET /health", "GET /ready"):
                assert (name, code, set(answer["content"])) == (name, code, {"application/problem+json"})


def test_what_is_sent_has_examples_that_fit(document: dict[str, Any]) -> None:
    bare = {"Retry", "Filter", "Row"}
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for operation in described(document).values()
        if "$ref"
        in str(operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema"))
        and "anyOf" not in operation["requestBody"]["content"]["application/json"]["schema"]
    }
    assert {"NewPerson", "NewToken", "Settle", "Dismiss", "Wish", "WantedImport"} <= bodies
    examples = 0
    for name, schema in document["components"]["schemas"].items():
        for field, described_as in {"": schema, **schema.get("properties", {})}.items():
            for example in described_as.get("examples", []):
                examples += 1
                whole = described_as | {"components": document["components"]}
                assert (name, field, validator_for(whole).is_valid(example)) == (name, field, True)
    assert examples >= len(bodies - bare)


async def test_the_ways_in_are_as_described(app: FastAPI, db: Database) -> None:
    """A token opens it alone; without anything it is a 401 that says so."""
    transport = httpx2.ASGITransport(app=app)
    new = {"name": "a program", "role": "viewer"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await users.add(db, "Sara", Role.ADMIN, "no hash", NOW)
        _, secret = await tokens.make(db, "boss", Role.ADMIN, by="x", now=NOW)
        refused = await client.post("/api/v1/tokens", json=new)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="hamgam"')
        by_token = await client.post(
            "/api/v1/tokens", json=new, headers={"authorization": f"Bearer {secret}"}
        )
        assert by_token.status_code == 201


async def test_the_page_says_it_too_and_needs_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/api/docs?lang=en")).text
    assert well_formed(page)
    words = WORDS["en"]
    assert words["docs.role"].format(words["role.operator"]) in page
    assert re.search(rf"<code>token</code>\s*{words['docs.or']}\s*<code>session \+ form</code>", page)
    for why in KINDS:
        assert f'id="problem-{why}"' in page
    assert 'curl -H "Authorization: Bearer $TOKEN" http://hamgam.example.com/api/v1/status' in html.unescape(
        page
    )
    assert "<code>oldest_waiting_seconds</code>" in page
    assert {link[0] for link in re.findall(r'(?:href|src|action)="([^"]*)"', page)} == {"/", "#"}
