"""Which role an operation of the web service needs: `async def act(person: Operator) -> …`."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hamgam.people.roles import Person, Role


def person_of(request: Request) -> Person:
    """Who asks, as the guard at the door has found out."""
    person = request.state.person
    assert isinstance(person, Person)
    return person


def _needing(role: Role) -> Callable[[Request], Person]:
    def check(request: Request) -> Person:
        person = person_of(request)
        if not person.role.may(role):
            raise HTTPException(403, f"this needs the role {role}; yours is {person.role}")
        return person

    return check


Viewer = Annotated[Person, Depends(_needing(Role.VIEWER))]
Operator = Annotated[Person, Depends(_needing(Role.OPERATOR))]
Admin = Annotated[Person, Depends(_needing(Role.ADMIN))]
