"""Addresses of our own pages, as far as a request may name one."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request

from hamgam.app.entrance import SIGN_IN, host_name
from hamgam.trail.place import Place

SIGN_OUT = "/sign-out"


def local_path(wanted: str) -> str:
    """Where to go after the sign-in: a path of ours, or the overview.

    Browsers read a backslash as a slash and leave out tabs and line breaks, so `/\\t/example.com` would be
    another site.
    """
    plain = all(sign > " " and sign not in "\\\x7f" for sign in wanted)
    if not plain or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    return "/" if wanted.partition("?")[0] in (SIGN_IN, SIGN_OUT) else wanted


def page_in(request: Request, header: str) -> str:
    """The page that a header names (`referer`, `hx-current-url`), if it is one of ours; else the overview."""
    try:
        page = urlsplit(request.headers.get(header, ""))
        named = page.hostname
    except ValueError:
        return "/"
    if named != host_name(request.headers.get("host", "")):
        return "/"
    return local_path((page.path or "/") + (f"?{page.query}" if page.query else ""))


def with_cursor(request: Request, place: Place) -> str:
    """The address of this request, from another place in its list on."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', str(place))])}"
