"""The list of contacts, read row by row while it arrives: memory does not grow with its length."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import ijson

from hamgam.details import Detail
from hamgam.errors import Reason, TryLater
from hamgam.model import System
from hamgam.systems.siagh.fields import Row


async def rows(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[Row]:
    """The rows of one JSON array.

    An array that is cut short, or a body that is none, raises TryLater(BROKEN_ANSWER) after the rows that
    came: the end of the list is its closing bracket and nothing else, so that a missing row is never read as
    a contact that is gone.
    """
    found = ijson.sendable_list()
    parser = ijson.items_coro(found, "item")
    async with aclosing(_array(chunks)) as pieces:
        async for chunk in pieces:
            for row in _fed(parser, found, chunk):
                yield row
    for row in _fed(parser, found, None):
        yield row


async def _array(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same bytes, once it is sure that they begin an array. To the parser any other value has no rows."""
    opened = False
    async with aclosing(chunks):
        async for chunk in chunks:
            piece = chunk if opened else chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
            if not opened and piece and not piece.startswith(b"["):
                raise _broken(Detail.NO_ARRAY())
            if piece:
                opened = True
                yield piece


def _fed(parser: Any, found: Any, chunk: bytes | None) -> list[Row]:
    """Give the parser a piece, or the end, and take the rows that are complete."""
    try:
        parser.close() if chunk is None else parser.send(chunk)
    except ijson.JSONError:
        raise _broken(Detail.HALF_AN_ARRAY()) from None
    complete = list(found)
    del found[:]
    if not all(isinstance(row, dict) for row in complete):
        raise _broken(Detail.NO_OBJECT())
    return complete


def _broken(detail: str) -> TryLater:
    return TryLater(Reason.BROKEN_ANSWER, detail, system=System.FINANCE)
