"""A loopback server that answers byte for byte what a test wants, and counts the requests that reach it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """Each request is met by the next behaviour, the last one stays. A behaviour may close the connection."""

    behaviours: list[Behaviour]
    requests: list[bytes] = field(default_factory=list)
    """The head of each request that arrived, and its body."""
    partial: bytes = b""
    """What arrived of a request that did not arrive whole."""
    connections: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                self.requests.append(await _request(reader))
                behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                await behave(writer)
        except asyncio.IncompleteReadError as error:
            self.partial += error.partial
        except ConnectionError:
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
    return head + body


@asynccontextmanager
async def raw_server(*behaviours: Behaviour) -> AsyncIterator[RawServer]:
    box = RawServer(list(behaviours))
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        box.stopping.set()
        server.close()
        await asyncio.sleep(0)


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return behave


def bytes_then_close(data: bytes) -> Behaviour:
    """These bytes, and then the connection ends."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return behave


def reset() -> Behaviour:
    """The connection is torn down with a reset, as by a crashed server."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        await asyncio.sleep(0)

    return behave


def silence(until: asyncio.Event) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        await until.wait()

    return behave


def bytes_then_silence(data: bytes, until: asyncio.Event) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await until.wait()

    return behave
