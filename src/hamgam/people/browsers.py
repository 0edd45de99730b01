"""Browsers in which somebody has signed in before.

Whoever guesses the password of a name uses up the tries of that name. The person whose name it is would be
kept out for as long as that goes on. So a browser that has been in is given a proof, and tries of its own.
"""

import hashlib
import hmac

from hamgam.people.secret import new_secret


def proof_for(password_hash: str) -> str:
    """A proof, which is worth nothing any more when the password is another."""
    name = new_secret()
    return f"{name}.{_sign(name, password_hash)}"


def named_in(proof: str, password_hash: str) -> str:
    """The name of the browser that carries this proof; "" where it is none."""
    name, _, given = proof.partition(".")
    right = hmac.compare_digest(given.encode(errors="replace"), _sign(name, password_hash).encode())
    return name if name and right else ""


def _sign(name: str, password_hash: str) -> str:
    key = hashlib.sha256(f"browser {password_hash}".encode()).digest()
    return hmac.new(key, name.encode(errors="replace"), hashlib.sha256).hexdigest()
