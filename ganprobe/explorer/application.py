"""What the page asks and what it is told: a few addresses, JSON in, pictures and JSON out.

A scene that cannot be drawn is an answer like another, {"error": one line}: the page shows it and goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from time import perf_counter
from typing import Any, Final, TypeVar, final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ganprobe.core.calls.checking import fitted_to
from ganprobe.core.errors import GanprobeError, InputError, one_line
from ganprobe.directions.latent_files.native import packed_latents
from ganprobe.engine.exploring.commands import LATENTS, OUT, Origin, edit_command
from ganprobe.engine.exploring.encoding import glance, png
from ganprobe.engine.exploring.films import path_gif, sweep_gif
from ganprobe.engine.exploring.gathering import gathered
from ganprobe.engine.exploring.scene import Scene, scene_of
from ganprobe.engine.exploring.studio import Studio
from ganprobe.explorer.about import about
from ganprobe.explorer.gate import Gate
from ganprobe.explorer.saving import Saver
from ganprobe.explorer.turns import Superseded, Turns

PAGES: Final[Mapping[str, str]] = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
MOST_BYTES: Final = 2**22
"""That a request may have."""
Said = Mapping[str, Any]
Kind = tuple[str, str]
T = TypeVar("T")


class _Malformed(Exception):
    """No page of ours asks so."""


@final
class Desk:
    """The answers. scene: the one to begin with."""

    def __init__(self, studio: Studio, origin: Origin, scene: Scene, saver: Saver) -> None:
        self.studio, self.origin, self.scene, self.saver = studio, origin, scene, saver
        self.turns = Turns()

    def application(self, *, token: str, hosts: tuple[str, ...] = ()) -> ASGIApp:
        """All of it, behind the gate."""
        routes = [Route("/", _page("index.html"))]
        routes += [Route(f"/{name}", _page(name)) for name in _names() if name != "index.html"]
        asked = {"picture": self._picture, "scores": self._scores, "command": self._command, "export": self._export}
        routes += [Route(f"/{name}", _guarded(answer), methods=["POST"]) for name, answer in asked.items()]
        return Gate(Starlette(routes=[*routes, Route("/about", self._about)]), token=token, hosts=hosts)

    async def _about(self, request: Request) -> Response:
        folder = None if self.saver.folder is None else str(self.saver.folder)
        commands = self.origin.generator is not None
        return JSONResponse(about(self.studio, self.scene, commands=commands, folder=folder))

    async def _picture(self, said: Said) -> Response:
        scene = _scene(said.get("scene"))

        def drawn() -> tuple[bytes, str, float]:
            began = perf_counter()
            return *glance(self.studio.picture(scene)), perf_counter() - began

        data, media, seconds = await self._turn(drawn, said)
        return Response(data, media_type=media, headers={"Server-Timing": f"draw;dur={1000 * seconds:.1f}"})

    async def _scores(self, said: Said) -> Response:
        scene = _scene(said.get("scene"))
        return JSONResponse({"scores": await self._turn(lambda: self.studio.scores(scene), said)})

    async def _command(self, said: Said) -> Response:
        """{"scene": ..., "save": whether to save latents that it needs, where there is a folder}."""
        scene, save = _scene(said.get("scene")), said.get("save") is True
        found = edit_command(self.studio, self.origin, scene)
        if found is None:
            raise InputError("this generator was given in Python, and no command can open it; keep its latents instead")
        path = None
        if found.needs_latents and save:
            data = await self._turn(lambda: packed_latents(self.studio.latents(scene)), {})
            path = self.saver.save(LATENTS, data)
        if path is not None:
            found = edit_command(self.studio, self.origin, scene, latents=str(path)) or found
        told = {"line": found.line, "needs_latents": found.needs_latents}
        return JSONResponse({**told, "saved": None if path is None else str(path)})

    async def _export(self, said: Said) -> Response:
        """{"kind": png, latents, sweep or path, "scenes": [...]}; of a sweep the direction's file and number too."""
        scenes = _scenes(said.get("scenes"))
        makers: dict[str, tuple[str, str, Callable[[], bytes]]] = {
            "png": (OUT, "image/png", lambda: png(self.studio.picture(scenes[0]))),
            "latents": (LATENTS, "application/octet-stream", lambda: self._latents(scenes)),
            "sweep": ("sweep.gif", "image/gif", lambda: sweep_gif(self.studio, scenes[0], *_direction(said))),
            "path": ("path.gif", "image/gif", lambda: path_gif(self.studio, scenes[0])),
        }
        kind = said.get("kind")
        if not isinstance(kind, str) or kind not in makers:
            raise _Malformed(f"kinds are {', '.join(makers)}")
        name, media, make = makers[kind]
        data = await self._turn(make, {})
        path = self.saver.save(name, data)
        if path is not None:
            return JSONResponse({"saved": str(path)})
        return Response(data, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def _latents(self, scenes: list[Scene]) -> bytes:
        return packed_latents(gathered(self.studio.sampler, [self.studio.latents(scene) for scene in scenes]))

    async def _turn(self, job: Callable[[], T], said: Said) -> T:
        tab, number = said.get("tab", ""), said.get("number", 0)
        if not isinstance(tab, str) or not isinstance(number, int) or len(tab) > 64:
            raise _Malformed("a tab is a short word, and its number is whole")
        return await self.turns.take(job, tab=tab, number=number)


def _guarded(answer: Callable[[Said], Any]) -> Callable[[Request], Any]:
    """An answer to JSON, with what goes wrong said in a line."""

    async def answered(request: Request) -> Response:
        try:
            response: Response = await answer(await _said(request))
            return response
        except _Malformed as problem:
            return JSONResponse({"error": str(problem)}, 400)
        except Superseded:
            return JSONResponse({"superseded": True})
        except GanprobeError as problem:
            return JSONResponse({"error": str(problem)})
        except Exception as problem:  # noqa: BLE001 - a generator of anybody's may raise anything; the page goes on
            said = f"{type(problem).__name__}: {one_line(problem, 200)}"
            return JSONResponse({"error": f"the generator failed: {said}"})

    return answered


async def _said(request: Request) -> Said:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise _Malformed(f"at most {MOST_BYTES} bytes were expected")
    try:
        found = json.loads(bytes(body))
    except (ValueError, RecursionError) as problem:
        raise _Malformed("JSON was expected") from problem
    if not isinstance(found, dict):
        raise _Malformed("a JSON object was expected")
    return found


def _scene(given: object) -> Scene:
    if not isinstance(given, dict):
        raise _Malformed("a scene was expected")
    try:
        return scene_of(given)
    except InputError as problem:
        raise _Malformed(str(problem)) from problem


def _scenes(given: object) -> list[Scene]:
    if not isinstance(given, list) or not given:
        raise _Malformed("scenes were expected, at least one")
    return [_scene(each) for each in given]


def _direction(said: Said) -> tuple[int, int]:
    file, number = (fitted_to(int, said.get(name), name=name) for name in ("file", "number"))
    return file, number


def _names() -> list[str]:
    return sorted(each.name for each in files("ganprobe.explorer").joinpath("page").iterdir())


def _page(name: str) -> Callable[[Request], Response]:
    data = files("ganprobe.explorer").joinpath("page", name).read_bytes()
    media = next(kind for suffix, kind in PAGES.items() if name.endswith(suffix))

    def page(request: Request) -> Response:
        return Response(data, media_type=f"{media}; charset=utf-8")

    return page
