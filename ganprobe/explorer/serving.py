"""The page opened: a server in a thread of its own, on this machine's own address alone."""

from __future__ import annotations

import html
import socket
import time
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, Self, final
from urllib.parse import urlsplit

from ganprobe.core.calls.directing import ExploreCall
from ganprobe.core.errors import CapabilityError, InputError, OutputError

if TYPE_CHECKING:
    import uvicorn
    from torch import nn

    from ganprobe.core.protocols import Sampler
    from ganprobe.explorer.application import Desk

HOST: Final = "127.0.0.1"
HEIGHT: Final = 860
PATIENCE: Final = 10.0
"""Seconds for the server to begin, and to end."""


@final
class Explorer:
    """A page that is being given. url: its address, which nobody can guess. In a notebook it shows itself. `stop` ends
    it, and so does the end of a `with` block or of the process."""

    def __init__(self, desk: Desk, name: str, call: ExploreCall) -> None:
        from ganprobe.explorer.gate import new_token

        token = new_token()
        self._socket = _listening(call.port)
        port = self._socket.getsockname()[1]
        base = f"http://{HOST}:{port}" if call.proxy is None else call.proxy.replace("{port}", str(port)).rstrip("/")
        proxy = urlsplit(base).hostname
        self.url, self.name, self.port = f"{base}/{token}/", name, port
        self._desk = desk
        self._server = _server(desk, token, () if proxy is None else (proxy,))
        self._thread = Thread(target=self._server.run, args=([self._socket],), name="ganprobe-explorer", daemon=True)
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                self.stop()
                raise OutputError(f"no server could be started on {HOST}:{port}; choose another port")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it; nothing is left. To do so twice does no harm."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._desk.turns.close()
        self._socket.close()

    def wait(self) -> None:
        """Until it is stopped."""
        while self._thread.is_alive():
            self._thread.join(0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Explorer of {self.name} at {self.url}"

    def _repr_html_(self) -> str:
        name, url = html.escape(self.name), html.escape(self.url)
        return (
            f'<iframe src="{url}" title="Explorer of {name}" width="100%" height="{HEIGHT}" '
            f'style="border: 0"></iframe><p><a href="{url}" target="_blank" rel="noreferrer">{url}</a></p>'
        )


def check_installed() -> None:
    """CapabilityError, with the command that installs them, where the packages of the server are not here."""
    if missing := [name for name in ("starlette", "uvicorn") if find_spec(name) is None]:
        raise CapabilityError(f"exploring needs {' and '.join(missing)}: pip install 'ganprobe[explore]'")


def check_serving(call: ExploreCall) -> None:
    """InputError for a proxy that is no address."""
    if call.proxy is not None and (urlsplit(call.proxy).scheme not in ("http", "https") or not _named(call.proxy)):
        raise InputError(f"proxy must be an address such as https://hub.org/proxy/8000/, got {call.proxy!r}")


def open_explorer(generator: str | Path | Sampler | nn.Module, call: ExploreCall) -> Explorer:
    """See `ganprobe.explore`."""
    check_installed()
    check_serving(call)
    from ganprobe.engine.exploring.opening import first_scene, open_studio
    from ganprobe.explorer.application import Desk
    from ganprobe.explorer.saving import Saver

    saver = Saver(call.out)
    studio, origin = open_studio(generator, call)
    return Explorer(Desk(studio, origin, first_scene(studio, call), saver), studio.sampler.name, call)


def _listening(port: int | None) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port or 0))
    except (OSError, OverflowError) as problem:
        listener.close()
        said = getattr(problem, "strerror", None) or str(problem)
        raise InputError(f"port {port} cannot be had ({said}); name another, or leave it out") from problem
    listener.listen()
    return listener


def _server(desk: Desk, token: str, hosts: tuple[str, ...]) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        desk.application(token=token, hosts=hosts),
        access_log=False,
        http="h11",
        lifespan="off",
        log_config=None,
        log_level="critical",
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    return uvicorn.Server(config)


def _named(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
