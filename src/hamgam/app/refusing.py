"""What those hear whose request is refused: people a page in their language, programs a problem.

A page says what happened, that nothing was done, and where to go on. A part of a page that asks by itself
gets the same words as a notice, which stands above what the reader already sees.
"""

from starlette.requests import Request
from starlette.responses import Response

from hamgam.app.addresses import page_in
from hamgam.app.entrance import MONITORING
from hamgam.app.pages.shell import page
from hamgam.app.problems import KINDS, Why, problem
from hamgam.app.words import WORDS

_GONE = "gone"
_OTHER = "refused.other"
_PROGRAMS = ("/api/", "/webhook/", "/static/", "/health", *MONITORING)
_NOTICE = {"hx-retarget": "#notice"}
"""Tells our words from those of a proxy, which is no part of a page; see static/live.js."""


def is_page(request: Request) -> bool:
    """Whether a person looks at it, and not a program."""
    path = request.url.path
    if path.startswith(_PROGRAMS) and path != "/api/docs":
        return False
    accepted = request.headers.get("accept", "")
    return "json" not in accepted or "text/html" in accepted


def refusal(request: Request, why: Why, detail: str = "", **headers: str) -> Response:
    """A page has words of its own for some kinds, and for the others those of the status."""
    if not is_page(request):
        return problem(why, detail, **headers)
    status = why if isinstance(why, int) else KINDS[why].status
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asks_itself = "hx-request" in request.headers
    answer = page(
        request,
        "refusal.html" if asks_itself else "refused.html",
        status,
        words=_words(why, status),
        wait=named.get("retry-after", ""),
        back=page_in(request, "hx-current-url" if asks_itself else "referer"),
        part=asks_itself,
        gone=why == _GONE,
    )
    answer.headers.update(named | (_NOTICE if asks_itself else {}))
    return answer


def no_database(request: Request) -> Response:
    """A page tries again by itself; the part of one makes its page do so."""
    asks_itself = "hx-request" in request.headers and request.method == "GET"
    more = {"hx_refresh": "true"} if asks_itself else {"retry_after": "5"}
    return refusal(request, _GONE, **more)


def _words(why: Why, status: int) -> str:
    """The key of what a page says."""
    if why == _GONE:
        return _GONE
    return next((key for key in (f"refused.{why}", f"refused.{status}") if key in WORDS["en"]), _OTHER)
