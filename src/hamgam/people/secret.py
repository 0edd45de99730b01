"""Random tokens. Only their fingerprints are stored, so a stolen database opens nothing."""

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits, as letters that a header, a cookie and a form can carry."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """Needs no salt and no slow hash: nobody can guess or look up 256 random bits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
