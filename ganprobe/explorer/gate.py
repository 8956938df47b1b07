"""Who may ask: the holder of the token, by a name of this machine. Everything that is answered says what a browser must
not do with it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Final, final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL: Final = ("127.0.0.1", "localhost")
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def new_token() -> str:
    """32 random characters for an address."""
    return secrets.token_urlsafe(24)


@final
class Gate:
    """Lets through what is asked of .../TOKEN/..., without that beginning, under a host name that is known (another
    site's name that was made to point here is none); answers 403 to all else. What stands before the token is a
    proxy's."""

    def __init__(self, inner: ASGIApp, *, token: str, hosts: Collection[str] = ()) -> None:
        self._inner, self._token = inner, token
        self._hosts = {*LOCAL, *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            return
        inside = self._inside(str(scope["path"]))
        here = {**scope, "path": inside, "raw_path": (inside or "").encode(errors="replace"), "root_path": ""}
        await self._answer(scope, inside)(here, receive, _guarded(send))

    def _answer(self, scope: Scope, inside: str | None) -> ASGIApp:
        if _host(scope) not in self._hosts:
            return PlainTextResponse("this page is not known by that name\n", 403)
        if inside is None:
            return PlainTextResponse("the address is not whole: a token belongs to it\n", 403)
        return self._inner if inside else RedirectResponse(f"{self._token}/", 308)

    def _inside(self, path: str) -> str | None:
        """What follows the token; None where it is not there."""
        parts = path.split("/")
        known = [secrets.compare_digest(part.encode(errors="replace"), self._token.encode()) for part in parts]
        return "/".join(["", *parts[known.index(True) + 1 :]]) if any(known) else None


def _host(scope: Scope) -> str:
    """The name without the port; "" where none or several were said."""
    given = Headers(scope=scope).getlist("host")
    return given[0].rsplit(":", 1)[0].lower() if len(given) == 1 else ""


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return guarded
