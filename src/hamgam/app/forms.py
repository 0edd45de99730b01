"""Forms as browsers send them."""

from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

Form = ImmutableMultiDict[str, str]

_MOST_FIELDS = 10_000


async def form_of(request: Request) -> Form:
    """The fields of an `application/x-www-form-urlencoded` body; none where the body is something else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return Form()
    body = (await request.body()).decode("utf-8", errors="replace")
    try:
        return Form(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "the form has too many fields") from None
