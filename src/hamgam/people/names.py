"""What people and tokens are called, and which spellings are one name."""

import unicodedata

from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.roles import Role
from hamgam.persian import caseless_key

_LONGEST = 60
RESERVED = frozenset({"local", "monitoring"})
"""What the log calls those who come without a name of their own."""
_HALF_SPACE = "\u200c"
_NO_TEXT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def checked_name(text: str) -> str:
    """The name as it is shown. Raises `NotAllowed`."""
    name = " ".join(text.split())
    key = caseless_key(name)
    odd = any(sign != _HALF_SPACE and unicodedata.category(sign) in _NO_TEXT for sign in name)
    if odd or ":" in name or not key or len(name) > _LONGEST or key in RESERVED:
        raise NotAllowed(Refusal.NAME_WRONG)
    return name


def name_key(text: str) -> str:
    """The form in which all spellings of a name are equal; "" for what is nobody's name."""
    try:
        return caseless_key(checked_name(text))
    except NotAllowed:
        return ""


def role_of(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise NotAllowed(Refusal.ROLE_WRONG) from None
