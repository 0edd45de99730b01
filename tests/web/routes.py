"""All routes of the web service, for tests that walk over them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI

from hamgam.app.api.document import roles
from hamgam.people.roles import Role

SOMETHING = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
OPEN = ("/health", "/sign-in", "/static")
"""Paths that no role guards; the webhooks have their own secrets."""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    role: Role | None

    @property
    def is_page(self) -> bool:
        """Shown to people, or asked for by what is."""
        programs = ("/api/v1/", "/api/openapi.json", "/webhook/", "/health", "/ready", "/metrics", "/static")
        return not self.path.startswith(programs)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, **known: str) -> str:
        """With something in place of each parameter."""
        return re.sub(r"\{(\w+)[^}]*\}", lambda found: known.get(found[1], SOMETHING), self.path)


def operations(app: FastAPI) -> Iterator[Operation]:
    for method, path, role in roles(app.routes):
        yield Operation(method, path, role)
