"""Addresses of our own pages, as far as a request may name one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute, compile_path

from hamgam.app.entrance import SIGN_IN, host_name
from hamgam.trail.place import Place

SIGN_OUT = "/sign-out"


@dataclass(frozen=True, slots=True)
class FormAddress:
    """Where a form is sent to and nothing can be read."""

    path: re.Pattern[str]
    page_parts: int
    """So many parts of it are the path of the page that it stands below."""


def form_addresses(routes: Sequence[BaseRoute]) -> tuple[FormAddress, ...]:
    """All of a service, for `page_at`."""
    contexts = list(iter_route_contexts(routes))
    read = {route.path for route in contexts if "GET" in (route.methods or {"GET"})}
    sent = {route.path for route in contexts if route.path} - read
    return tuple(FormAddress(compile_path(path)[0], _page_above(path, read).count("/")) for path in sent)


def _page_above(path: str, read: set[str | None]) -> str:
    while path and path not in read:
        path = path.rpartition("/")[0]
    return path


def page_at(request: Request, wanted: str) -> str:
    """`local_path`, or the page that it stands below where it only takes a form."""
    here = local_path(wanted)
    path = here.partition("?")[0]
    for form in request.app.state.forms:
        if form.path.fullmatch(path):
            return "/".join(path.split("/")[: form.page_parts + 1]) or "/"
    return here


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
    return page_at(request, (page.path or "/") + (f"?{page.query}" if page.query else ""))


def with_cursor(request: Request, place: Place) -> str:
    """The address of this request, from another place in its list on."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', str(place))])}"
