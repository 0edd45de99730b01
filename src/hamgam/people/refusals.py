"""What is refused when people and tokens are changed, for commands, the API and the pages alike."""

from enum import StrEnum

from hamgam.errors import UsageError


class Refusal(StrEnum):
    """The pages have a sentence for each under `people.not.<value>`."""

    NAME_WRONG = "name_wrong"
    NAME_TAKEN = "name_taken"
    ROLE_WRONG = "role_wrong"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    WRONG_PRESENT = "wrong_present"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    FIRST_ADMIN = "first_admin"
    LAST_ADMIN = "last_admin"
    LAST_USER = "last_user"
    MAKER_REMOVED = "maker_removed"


_SENTENCES = {
    Refusal.NAME_WRONG: "a name has 1 to 60 characters and no colon, and is not local or monitoring",
    Refusal.NAME_TAKEN: "this name is taken, perhaps in another spelling",
    Refusal.ROLE_WRONG: "a role is viewer, operator or admin",
    Refusal.TOO_SHORT: "a password has at least 10 characters",
    Refusal.TOO_LONG: "a password has at most 200 characters",
    Refusal.WRONG_PRESENT: "the present password is another",
    Refusal.DIFFERENT: "the two passwords are not the same",
    Refusal.UNKNOWN: "nobody has this name, or not any more",
    Refusal.FIRST_ADMIN: "the first user has to be an admin",
    Refusal.LAST_ADMIN: "there is no other admin, and somebody has to look after the other users",
    Refusal.LAST_USER: "only the command hamgam user remove removes the last user: it opens the pages to all",
    Refusal.MAKER_REMOVED: "who makes this token was removed, so it would not count",
}

_FIELDS = {
    Refusal.NAME_WRONG: "name",
    Refusal.NAME_TAKEN: "name",
    Refusal.ROLE_WRONG: "role",
    Refusal.FIRST_ADMIN: "role",
    Refusal.LAST_ADMIN: "role",
    Refusal.TOO_SHORT: "password",
    Refusal.TOO_LONG: "password",
    Refusal.WRONG_PRESENT: "present",
    Refusal.DIFFERENT: "again",
}


class NotAllowed(UsageError):
    """Nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_SENTENCES[refusal])
        self.refusal = refusal

    @property
    def field(self) -> str:
        """What of a form it is about; "" where that is the whole."""
        return _FIELDS.get(self.refusal, "")
