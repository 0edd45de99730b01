"""Requests that nobody thought of: none of them is a defect of ours."""

from typing import Any

import httpx2
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.conftest import SECRET, TOKEN
from tests.web.test_receiving import signature

_EACH = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_no_generated_request_is_a_defect(served: str) -> None:
    schema = schemathesis.openapi.from_url(f"{served}/api/openapi.json")
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 10
    for operation in operations:

        @given(case=operation.as_strategy())
        @_EACH
        def no_defect(case: Any) -> None:
            params = {"token": TOKEN} if "webhook" in case.path else {}
            answer = case.call(params=params)
            # Nobody runs jobs here, which is no defect.
            assert answer.status_code < 500 or case.path == "/ready"

        no_defect()


@given(body=st.binary(max_size=400))
@_EACH
def test_no_signed_body_is_a_defect(served: str, body: bytes) -> None:
    answer = httpx2.post(f"{served}/webhook/crm", content=body, headers=signature(body, SECRET))
    assert answer.status_code in (202, 400)


@given(query=st.text(alphabet=st.characters(codec="ascii", exclude_characters="#"), max_size=80))
@_EACH
def test_no_query_is_a_defect(served: str, query: str) -> None:
    for path in (f"/webhook/crm/identity/{TOKEN}", "/api/v1/syncs", "/", "/live"):
        url = httpx2.URL(f"{served}{path}", params=httpx2.QueryParams(query))
        assert httpx2.get(url).status_code in (200, 202, 400)
