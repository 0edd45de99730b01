"""What a person may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Each may do what the ones before it may."""

    VIEWER = "viewer"
    """Reads; names, telephone numbers and ids of people are masked."""
    OPERATOR = "operator"
    """Reads everything, retries, settles, asks for syncs."""
    ADMIN = "admin"
    """Also imports, subscriptions, and the people themselves."""

    def may(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)

    def at_most(self, limit: "Role") -> "Role":
        return self if limit.may(self) else limit


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: a name for the log, and a role."""

    name: str
    role: Role


NOBODY_SIGNED_IN = Person("local", Role.ADMIN)
"""Who asks where there are no users: the address or the dashboard's password keeps others out."""
