"""Which role an operation of the web service needs: `async def act(person: Operator) -> …`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from hamgam.app.problems import RequestRefused
from hamgam.people.roles import Person, Role


def person_of(request: Request) -> Person:
    """Who asks, as the guard at the door has found out."""
    person = request.state.person
    assert isinstance(person, Person)
    return person


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency that a test can ask for its role."""

    role: Role

    async def __call__(self, request: Request) -> Person:
        person = person_of(request)
        if not person.role.may(self.role):
            raise RequestRefused("role", f"this needs the role {self.role}; yours is {person.role}")
        return person


Viewer = Annotated[Person, Depends(Needs(Role.VIEWER))]
Operator = Annotated[Person, Depends(Needs(Role.OPERATOR))]
Admin = Annotated[Person, Depends(Needs(Role.ADMIN))]
