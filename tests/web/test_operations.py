"""The list of operations: a way to each, what is sent with it, in both languages."""

import re

import httpx2
import pytest

from hamgam.app.pages.operations import by_subject
from hamgam.app.words import WORDS, Lang

REF = "#/components/schemas/"
SCHEMAS = {
    "Wish": {
        "properties": {
            "what": {"const": "retry", "type": "string"},
            "filter": {"anyOf": [{"$ref": f"{REF}Filter"}, {"type": "null"}]},
            "rows": {"type": "array", "items": {"$ref": f"{REF}Row"}, "description": "those alone"},
        },
        "required": ["rows"],
    },
    "Filter": {"properties": {"status": {"$ref": f"{REF}Status"}, "code": {"$ref": f"{REF}Code"}}},
    "Row": {"properties": {"id": {"type": "string", "format": "uuid"}}, "required": ["id"]},
    "Status": {"enum": ["FAILED", "CONFLICT"]},
    "Code": {"enum": [str(number) for number in range(20)], "title": "Code"},
}
BODY = {"content": {"application/json": {"schema": {"$ref": f"{REF}Wish"}, "example": {"rows": []}}}}
DOCUMENT = {
    "paths": {"/bulk/{id}": {"post": {"tags": ["attention"], "requestBody": BODY, "responses": {}}}},
    "components": {"schemas": SCHEMAS},
}


def test_a_body_is_told_value_by_value() -> None:
    [operation] = by_subject(DOCUMENT)["attention"]
    assert (operation.method, operation.anchor) == ("POST", "post-bulk-id")
    assert operation.body
    assert [(value.name, value.kind, value.required) for value in operation.body.values] == [
        ("what", '"retry"', False),
        ("filter", "object", False),
        ("filter.status", "FAILED | CONFLICT", False),
        ("filter.code", "Code", False),
        ("rows", "object[]", True),
        ("rows[].id", "uuid", True),
    ]
    assert operation.body.example == '{\n  "rows": []\n}'


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_every_operation_is_led_to_and_says_what_it_takes(
    client: httpx2.AsyncClient, lang: Lang
) -> None:
    document = (await client.get("/api/openapi.json")).json()
    page = (await client.get(f"/api/docs?lang={lang}")).text
    anchors = re.findall(r'<(?:article|section)[^>]* id="([^"]+)"', page)
    assert len(set(anchors)) == len(anchors) > len(document["paths"])
    assert set(re.findall(r'<a href="#([^"]+)"', page)) - {"content"} == set(anchors)
    operations = [told for methods in document["paths"].values() for told in methods.values()]
    with_body = [told for told in operations if "requestBody" in told]
    assert page.count(WORDS[lang]["docs.body"]) == len(with_body) > 5
    assert "<code>rows[].seen</code>" in page and "customer.updated" in page
    assert "docs." not in re.sub(r'"[^"]*docs[^"]*"', "", page)
