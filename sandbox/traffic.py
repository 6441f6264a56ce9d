"""Every request passes here: counted by platform, and struck by the faults planted for it."""

import asyncio
import json
import socket
import struct
from collections import Counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.errors import platform_of, refusal, unauthenticated
from sandbox.faults import PLATFORMS, Fault, Faults
from sandbox.tokens import Tokens


class Traffic:
    """ASGI middleware, outermost: it must hold the server's own `send` to break a connection."""

    def __init__(self, app: ASGIApp, faults: Faults, tokens: Tokens) -> None:
        self._app, self._faults, self._tokens = app, faults, tokens
        self.calls: Counter[str] = Counter(dict.fromkeys(PLATFORMS, 0))
        self.under_way: Counter[str] = Counter()
        """Platform -> requests being answered now."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        platform = platform_of(scope["path"]) if scope["type"] == "http" else ""
        if not platform:
            await self._app(scope, receive, send)
            return
        self.calls[platform] += 1
        self.under_way[platform] += 1
        try:
            target = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
            fault = self._faults.strike(platform, scope["method"], target)
            if fault is None:
                await self._app(scope, receive, send)
            else:
                await self._suffer(fault, scope, receive, send)
        finally:
            self.under_way[platform] -= 1

    def reset(self) -> None:
        for platform in self.calls:
            self.calls[platform] = 0

    async def _suffer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case "status":
                body = refusal(fault.platform, fault.status, "planted fault", fault.retry_after)
                retry = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
                await _answer(send, fault.status, body, retry)
            case "expire_token":
                self._tokens.revoke(fault.platform)
                await _answer(send, *unauthenticated(fault.platform), {})
            case "slow":
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case "timeout":
                while (await receive())["type"] != "http.disconnect":
                    pass
            case "reset":
                await _break(send)
            case "lose_answer":
                await self._recorded(scope, receive)
                await _break(send)
            case "cut":
                await _cut(await self._recorded(scope, receive), send)
            case "repeat_page":
                fault.seen = fault.seen or await self._recorded(scope, receive)
                for message in fault.seen:
                    await send(message)

    async def _recorded(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages


async def _answer(send: Send, status: int, body: Any, headers: dict[str, str]) -> None:
    content = json.dumps(body).encode()
    told = {"content-type": "application/json", "content-length": str(len(content))} | headers
    pairs = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})


async def _cut(messages: list[Message], send: Send) -> None:
    start = messages[0]
    body = b"".join(message.get("body", b"") for message in messages[1:])
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send(dict(start) | {"headers": [*headers, (b"content-length", str(len(body) + 1).encode())]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await asyncio.sleep(0.01)  # lets what was sent leave before the connection breaks
    await _break(send)


async def _break(send: Send) -> None:
    """Reset the connection under the server (uvicorn's `send` is a method of the request, which knows it)."""
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0)  # the server notices before the application returns without an answer
