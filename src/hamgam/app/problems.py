"""Errors for programs, as RFC 9457 has them."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response


class RequestRefused(HTTPException):
    """A request that is refused with words of its own on a page: `refused.<why>` and `refused.<why>.note`."""

    def __init__(self, status: int, detail: str, why: str) -> None:
        super().__init__(status, detail)
        self.words = f"refused.{why}"


def problem(status: int, title: str, detail: str = "", **headers: str) -> Response:
    """An error as one JSON line: what it is, and what is wrong with the request."""
    body: dict[str, Any] = {"status": status, "title": title}
    if detail:
        body["detail"] = detail
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, headers=named, media_type="application/problem+json")
