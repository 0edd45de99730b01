"""Finance's contacts in a file of our own: read in one go, at no cost in memory."""

from collections.abc import Iterator
from typing import IO

import msgspec

from hamgam.model import FinanceContact


class Spool:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._encoder = msgspec.msgpack.Encoder()

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def add(self, contact: FinanceContact) -> None:
        body = self._encoder.encode(contact)
        self._file.write(len(body).to_bytes(4, "big") + body)

    def __iter__(self) -> Iterator[FinanceContact]:
        decoder = msgspec.msgpack.Decoder(FinanceContact)
        self._file.seek(0)
        while size := self._file.read(4):
            yield decoder.decode(self._file.read(int.from_bytes(size, "big")))
