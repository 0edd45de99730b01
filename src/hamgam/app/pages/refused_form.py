"""A form that comes back with what was typed and with what is wrong, so that nobody types it again."""

from dataclasses import dataclass

from starlette.requests import Request

from hamgam.app.forms import form_of
from hamgam.people.refusals import NotAllowed, Refusal


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """Without the passwords. `words` is the key of the sentence; "" where nothing was refused."""

    words: str = ""
    action: str = ""
    """Where the form was sent to; "" where it is not on the page any more."""
    field: str = ""
    """What is wrong; "" where it is the whole."""
    name: str = ""
    role: str = ""
    wait_seconds: int = 0

    def by(self, action: str) -> "RefusedForm":
        """This one for the form that it is about, nothing for the others."""
        return self if self.action == action else RefusedForm()


async def refused_form(request: Request, error: NotAllowed) -> RefusedForm:
    form = await form_of(request)
    return RefusedForm(
        f"people.not.{error.refusal}",
        "" if error.refusal is Refusal.UNKNOWN else request.url.path,
        error.field if error.field in form else "",
        form.get("name", ""),
        form.get("role", ""),
    )
