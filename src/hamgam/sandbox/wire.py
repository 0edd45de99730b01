"""What passes between the HTTP ports and the simulated systems: calls, answers and exact JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeVar

import msgspec

Effect = Literal["login", "read", "write"]
SystemName = Literal["crm", "finance"]
Object = dict[str, Any]

T = TypeVar("T")

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> bytes:
    """JSON with every Decimal written digit by digit, as a number."""
    return _encoder.encode(value)


def decode(raw: bytes | str) -> Any:
    """JSON with numbers that have a fraction as exact Decimal. Raises msgspec.DecodeError."""
    return _decoder.decode(raw)


def words(text: str) -> tuple[str, ...]:
    """Names written as one text, for tables that would be long otherwise."""
    return tuple(text.split())


class Problem(Exception):
    """A request that the simulated server refuses with a status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def convert(body: Any, shape: type[T]) -> T:
    """The body as this shape. Raises Problem (400) when it is another."""
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise Problem(400, str(error)) from None


@dataclass(slots=True, kw_only=True)
class Call:
    """One request. `body` is None for an empty or unreadable one."""

    system: SystemName
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
    operation: str = ""
    effect: Effect = "read"


@dataclass(slots=True)
class Answer:
    """A response; `chunks` instead of `body` is streamed."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterator[bytes] | None = None


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, encode(value))


class SimulatedSystem(Protocol):
    """What a port needs of a system. Both methods are synchronous: a request is one atomic step."""

    def identify(self, method: str, path: str, body: Any) -> tuple[str, Effect]:
        """The operation's name and effect."""

    def answer(self, call: Call) -> Answer: ...

    def problem(self, problem: Problem) -> Answer:
        """A refusal in this system's own words."""
