"""Passwords as argon2id hashes. Hashing is slow by design, so it happens in threads, few at a time."""

import asyncio
import os
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from hamgam.people.refusals import NotAllowed, Refusal

SHORTEST, LONGEST = 10, 200
_AT_ONCE = 2 if (os.cpu_count() or 1) > 2 else 1
"""Each takes 46 MiB and a processor while it lasts; one processor stays for the rest."""
_MOST_WAITING = 20
"""For a place; about a second's work."""

DECOY = "$argon2id$v=19$m=47104,t=2,p=1$1uitMNb2MhKjsRsv6XTFAQ$fYwyJFYB/uhzpXda3cHMZiiIv4r6zUVMRgfB2Hnqlfo"
"""The hash of a password that nobody knows, for names that nobody has: both cost the same time."""


def argon2id() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)


def checked_password(password: str) -> str:
    """Raises `NotAllowed`. Whatever keyboard it is typed on, the same letters are the same password."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < SHORTEST:
        raise NotAllowed(Refusal.TOO_SHORT)
    if len(text) > LONGEST:
        raise NotAllowed(Refusal.TOO_LONG)
    return text


class Passwords:
    """Makes and checks hashes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2id()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._looking = 0

    @property
    def crowded(self) -> bool:
        """Whether so many are looked at that one more had better come later."""
        return self._looking >= _AT_ONCE + _MOST_WAITING

    async def hash(self, password: str) -> str:
        """Raises `NotAllowed` for a password that is too short or too long."""
        text = checked_password(password)
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, _bytes(text))

    async def matches(self, stored: str | None, password: str) -> bool:
        """False without a stored hash, but not sooner than with one."""
        text = unicodedata.normalize("NFKC", password[: 2 * LONGEST])
        self._looking += 1
        try:
            async with self._places:
                fits = await asyncio.to_thread(self._verified, stored or DECOY, _bytes(text))
        finally:
            self._looking -= 1
        return fits and stored is not None

    async def renewed(self, stored: str, password: str) -> str | None:
        """A hash of a password that fits, made as hashes are made today; None where the stored one is."""
        if not self._hasher.check_needs_rehash(stored):
            return None
        text = unicodedata.normalize("NFKC", password[: 2 * LONGEST])
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, _bytes(text))

    def _verified(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerificationError:
            return False


def _bytes(text: str) -> bytes:
    """What is no text, such as bytes of another encoding on a command line, is still a password."""
    return text.encode("utf-8", "surrogatepass")
