"""Errors for programs, as RFC 9457 has them. Each has a `type` that stays, and that `/api/docs` explains."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from hamgam.app.answers import Answer

MEDIA_TYPE = "application/problem+json"
ADDRESS = "/api/docs#problem-"


class Kind(NamedTuple):
    status: int
    title: str


Why = str | int
"""The name of a kind, or a status: then it is the first kind of that status."""

KINDS: Mapping[str, Kind] = {
    "bad-request": Kind(400, "The request is wrong"),
    "name-wrong": Kind(400, "The name cannot be used"),
    "role-wrong": Kind(400, "There is no such role"),
    "too-short": Kind(400, "The password is too short"),
    "too-long": Kind(400, "The password is too long"),
    "wrong-present": Kind(400, "The present password is another"),
    "different": Kind(400, "The two passwords are not the same"),
    "sign-in": Kind(401, "A sign-in or a token is needed"),
    "token": Kind(401, "The token is unknown or revoked"),
    "password": Kind(401, "The dashboard's password is needed"),
    "signature": Kind(401, "The signature or the token of a delivery is missing or wrong"),
    "role": Kind(403, "The role is not enough"),
    "old": Kind(403, "The proof of a form of ours is missing or out of date; a token needs none"),
    "foreign": Kind(403, "This was sent from a page of another site"),
    "unknown": Kind(404, "There is no such thing"),
    "import": Kind(404, "There is no such import"),
    "webhooks-off": Kind(404, "Webhooks are off"),
    "method": Kind(405, "This address takes another method; `Allow` names it"),
    "body-late": Kind(408, "The body did not arrive in time"),
    "conflict": Kind(409, "It is not so any more, or the installation is not set up for it"),
    "settled": Kind(409, "A person or a later sync was faster"),
    "goes-on": Kind(409, "The sync is under way"),
    "changed": Kind(409, "The row was tried again since it was looked at"),
    "busy": Kind(409, "The record is being worked on in this moment; ask again"),
    "taken": Kind(409, "The finance record belongs to another record of the CRM"),
    "not-thus": Kind(409, "The row asks for something else"),
    "other-number": Kind(409, "There is another number of rows than was agreed to"),
    "runs-already": Kind(409, "An import is running or waits for a worker"),
    "finished-before": Kind(409, "An import has finished; `again` links and adds what is new"),
    "not-open": Kind(409, "The import has ended"),
    "not-at-rest": Kind(409, "Only an import that was stopped or broke off goes on"),
    "name-taken": Kind(409, "The name is taken, perhaps in another spelling"),
    "first-admin": Kind(409, "The first user has to be an admin"),
    "last-admin": Kind(409, "There is no other admin"),
    "last-user": Kind(409, "The last user is removed by a command only"),
    "maker-removed": Kind(409, "Who makes this token was removed"),
    "no-session": Kind(409, "This is for who has signed in with a password"),
    "too-large": Kind(413, "More was sent than a request may hold"),
    "host": Kind(421, "This service does not know the address that it was asked by"),
    "too-often": Kind(429, "Too often; `Retry-After` says when to ask again"),
    "defect": Kind(500, "A defect of this program; its log says where"),
    "remote": Kind(502, "A remote system failed"),
    "gone": Kind(503, "The database does not answer"),
    "out-of-reach": Kind(503, "This process does not reach the remote systems"),
}
"""By the last part of `type`."""


class Problem(Answer):
    """Why nothing was done (RFC 9457)."""

    type: str = Field(examples=[ADDRESS + "bad-request"])
    """What kind of error it is. It stays the same from release to release; `/api/docs` lists them."""
    title: str
    """What this kind means."""
    status: int
    """That of the answer."""
    detail: str = ""
    """What is wrong with this request. Absent where the title says it all."""


class RequestRefused(HTTPException):
    """One that is refused for one of `KINDS`. A page says `refused.<why>`, where there are such words."""

    def __init__(self, why: str, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(KINDS[why].status, detail, headers)
        self.why = why


def problem(why: Why, detail: str = "", **headers: str) -> Response:
    return answer(Problem(**told(why, detail)), **headers)


def answer(told: Problem, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = told.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return JSONResponse(body, told.status, headers=named, media_type=MEDIA_TYPE)


def told(why: Why, detail: str = "") -> dict[str, Any]:
    """The values of a `Problem`."""
    name = why if isinstance(why, str) else _of_status(why)
    kind = KINDS[name] if name else Kind(int(why), HTTPStatus(int(why)).phrase)
    values = {
        "type": ADDRESS + name if name else "about:blank",
        "title": kind.title,
        "status": kind.status,
    }
    return values | ({"detail": detail} if detail else {})


def _of_status(status: int) -> str | None:
    return next((name for name, kind in KINDS.items() if kind.status == status), None)


def named(code: str) -> str:
    """How a code of ours is named among `KINDS`: `RUNS_ALREADY`, `goes on`, `name_taken`."""
    return code.lower().replace("_", "-").replace(" ", "-")
