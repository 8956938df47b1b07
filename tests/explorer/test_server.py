"""What the explorer's server answers, and to whom."""

from __future__ import annotations

import http.client
import io
import json
import re
import socket
import threading
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from explorers import HOSTILE, Channels, Opened, class_sampler, hostile_directions, style_sampler
from PIL import Image

import ganprobe
from ganprobe.cli.main import run
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.directions import read_latents
from ganprobe.engine.exploring.scene import scene_of
from ganprobe.engine.exploring.studio import Studio
from ganprobe.explorer import serving
from ganprobe.explorer.serving import Explorer


def asked(
    explorer: Explorer, name: str = "", said: Any = None, *, host: str | None = None, before: str = ""
) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer to a GET, or to a POST where something is said."""
    place = urlsplit(explorer.url)
    connection = http.client.HTTPConnection("127.0.0.1", explorer.port, timeout=30)
    headers = {} if host is None else {"Host": host}
    body = said if said is None or isinstance(said, bytes) else json.dumps(said).encode()
    connection.request("GET" if said is None else "POST", before + place.path + name, body, headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def told(explorer: Explorer, name: str, said: Any = None) -> Any:
    return json.loads(asked(explorer, name, said)[1])


def test_a_picture_is_the_generators(opened: Opened) -> None:
    scene = {"point": {"index": 3, "seed": 2}, "moves": [{"file": 0, "number": 1, "strength": 1.5}]}
    response, data = asked(opened(directions=[hostile_directions()]), "picture", {"scene": scene})
    assert (response.status, response.headers["Content-Type"]) == (200, "image/png")
    assert re.fullmatch(r"draw;dur=[\d.]+", response.headers["Server-Timing"])
    from ganprobe.engine.exploring.studio import Shelf

    expected = Studio(style_sampler(), [Shelf(hostile_directions())]).picture(scene_of(scene))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))).transpose(2, 0, 1), expected)


def test_only_the_holder_of_the_token_is_answered(opened: Opened) -> None:
    explorer = opened()
    token = urlsplit(explorer.url).path.strip("/")
    assert len(token) >= 32
    for path in (
        "/",
        "/about",
        "/x/about",
        f"/{token[:-1]}/about",
        f"/{token}x/",
        "/picture",
        "//",
        "/%ff/",
        "/%C3%A9/",
    ):
        connection = http.client.HTTPConnection("127.0.0.1", explorer.port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 403, path
        assert token.encode() not in response.read()
        connection.close()
    assert asked(explorer)[0].status == 200
    assert asked(opened())[0].status == 200
    assert opened().url != opened().url


def test_another_name_of_this_machine_is_refused(opened: Opened) -> None:
    explorer = opened()
    for host in (
        "evil.test",
        f"evil.test:{explorer.port}",
        "127.0.0.1.evil.test",
        "0.0.0.0",
        "",
        "localhost@evil.test",
    ):
        assert asked(explorer, host=host)[0].status == 403, host
    for host in (f"127.0.0.1:{explorer.port}", "localhost", "LOCALHOST:8080"):
        assert asked(explorer, host=host)[0].status == 200, host


def test_nothing_but_this_machine_can_connect(opened: Opened) -> None:
    explorer = opened()
    assert explorer.url.startswith("http://127.0.0.1:")
    assert explorer._socket.getsockname()[0] == "127.0.0.1"


def test_browsers_are_told_to_load_nothing_else(opened: Opened) -> None:
    explorer = opened()
    for name, said in (("", None), ("page.js", None), ("picture", {"scene": {}}), ("nothing", None)):
        headers = asked(explorer, name, said)[0].headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
    folder = Path(serving.__file__).parent / "page"
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|document\.write|=\"/|url\(", text), file.name


def test_a_proxy_may_stand_before_it(opened: Opened) -> None:
    explorer = opened(proxy="https://hub.org/user/me/proxy/{port}/")
    assert explorer.url.startswith(f"https://hub.org/user/me/proxy/{explorer.port}/")
    token = explorer.url.rstrip("/").rsplit("/", 1)[1]
    for path in (f"/{token}/about", f"/user/me/proxy/{explorer.port}/{token}/about"):
        for host in ("hub.org", "127.0.0.1"):
            request = urllib.request.Request(f"http://127.0.0.1:{explorer.port}{path}", headers={"Host": host})
            with urllib.request.urlopen(request, timeout=30) as response:
                assert json.load(response)["name"] == HOSTILE
    connection = http.client.HTTPConnection("127.0.0.1", explorer.port, timeout=30)
    connection.request("GET", f"/before/{token}")
    assert connection.getresponse().headers["Location"] == f"{token}/"
    connection.close()
    with pytest.raises(InputError, match="proxy must be an address"):
        opened(proxy="hub.org")


def test_what_is_malformed_is_refused_and_the_next_question_answered(opened: Opened) -> None:
    explorer = opened()
    wrong: list[Any] = [
        b"", b"{", b"\xff", b"[1]", b"[" * 100_000, {}, {"scene": 3}, {"scene": {"pickle": 1}}, {"scene": {}, "tab": 3},
        {"scene": {"position": 7}}, {"scene": {}, "number": "x"}, {"scene": {"truncation": float("nan")}},
    ]  # fmt: skip
    for said in wrong:
        response, data = asked(explorer, "picture", said)
        assert response.status == 400, said
        assert "error" in json.loads(data)
    assert asked(explorer, "export", {"kind": "sh", "scenes": [{}]})[0].status == 400
    assert asked(explorer, "export", {"kind": "png", "scenes": []})[0].status == 400
    assert asked(explorer, "picture", b'"' + b"x" * 2**22 + b'"')[0].status == 400
    assert asked(explorer, "picture", {"scene": {}})[0].headers["Content-Type"] == "image/png"
    assert [asked(explorer, name)[0].status for name in ("../serving.py", "page/page.js", "%2e%2e/gate.py")] == [
        404
    ] * 3


def test_a_generator_that_fails_is_survived(opened: Opened) -> None:
    class Moody(torch.nn.Module):
        z_dim = 12
        fails = False

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            if self.fails:
                raise RuntimeError("CUBLAS is\nin a <b>mood</b>")
            return z.reshape(-1, 3, 2, 2).tanh()

    network = Moody()
    explorer = opened(network)
    network.fails = True
    assert "RuntimeError: CUBLAS is in a <b>mood</b>" in told(explorer, "picture", {"scene": {}})["error"]
    network.fails = False
    assert asked(explorer, "picture", {"scene": {}})[0].headers["Content-Type"] == "image/png"


def test_whatever_goes_wrong_is_a_line(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def picture(self: Studio, scene: Any) -> Any:
        raise ZeroDivisionError("by\nnothing")

    explorer = opened()
    with monkeypatch.context() as wrong:
        wrong.setattr(Studio, "picture", picture)
        said = {"error": "the generator failed: ZeroDivisionError: by nothing"}
        assert told(explorer, "picture", {"scene": {}}) == said
        assert told(explorer, "export", {"kind": "png", "scenes": [{}]}) == said
    assert asked(explorer, "picture", {"scene": {}})[0].headers["Content-Type"] == "image/png"


def test_a_newer_picture_of_the_same_tab_goes_first(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()
    real, drawn = Studio.picture, []

    def slow(self: Studio, scene: Any) -> Any:
        drawn.append(scene.point.index)
        if len(drawn) == 1:
            began.set()
            go_on.wait(30)
        return real(self, scene)

    monkeypatch.setattr(Studio, "picture", slow)
    explorer, answers = opened(), {}

    def ask(index: int, tab: str, number: int) -> None:
        said = {"scene": {"point": {"index": index}}, "tab": tab, "number": number}
        answers[index] = asked(explorer, "picture", said)[1]

    threads = [threading.Thread(target=ask, args=args) for args in ((0, "a", 1), (1, "a", 2), (2, "b", 1), (3, "a", 3))]
    for thread in threads:
        thread.start()
        began.wait(30)
        threading.Event().wait(0.3)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert drawn == [0, 2, 3]
    assert json.loads(answers[1]) == {"superseded": True}
    assert all(answers[index].startswith(b"\x89PNG") for index in (0, 2, 3))


def test_the_page_is_told_what_there_is(opened: Opened) -> None:
    style = told(opened(directions=[hostile_directions()], scorer=Channels(), truncation=(0.7, 4), seed=5), "about")
    assert (style["layers"], style["paths"], style["noise"], style["scores"]) == (6, ["w", "z"], True, True)
    assert (style["scene"]["truncation"], style["scene"]["cutoff"], style["scene"]["seed"]) == (0.7, 4, 5)
    assert style["shelves"][0]["directions"][0]["scores"] == {"accuracy": 0.93}
    assert told(opened(style_sampler().at(0.4)), "about")["scene"]["truncation"] == 0.4
    with pytest.raises(InputError, match="truncates z"):
        opened(class_sampler(), truncation=0.0)
    classes = told(opened(class_sampler()), "about")
    assert (classes["classes"][2], classes["layers"], classes["paths"], classes["scores"]) == (
        "<b>ox</b>",
        0,
        ["z"],
        False,
    )


def test_scores_are_those_of_the_picture(opened: Opened) -> None:
    explorer = opened(scorer=Channels())
    scene = {"point": {"index": 4}, "noise": "zero"}
    raw = Studio(style_sampler()).raw(scene_of(scene)).mean((2, 3))[0]
    assert told(explorer, "scores", {"scene": scene})["scores"] == pytest.approx(
        {"red": float(raw[0]), "<i>green</i>": float(raw[1])}
    )


def test_exports_are_downloads(opened: Opened, tmp_path: Path) -> None:
    explorer = opened(directions=[hostile_directions()])
    scenes = [{"point": {"index": 1}}, {"point": {"index": 2}, "moves": [{"file": 0, "number": 0, "strength": 1}]}]
    response, data = asked(explorer, "export", {"kind": "latents", "scenes": scenes})
    assert response.headers["Content-Disposition"] == 'attachment; filename="latents.safetensors"'
    (tmp_path / "latents.safetensors").write_bytes(data)
    kept = read_latents(tmp_path / "latents.safetensors")
    assert (len(kept), kept.space, kept.generator) == (2, "w+", HOSTILE)
    _, data = asked(explorer, "export", {"kind": "png", "scenes": scenes})
    expected = Studio(style_sampler()).picture(scene_of(scenes[0]))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))).transpose(2, 0, 1), expected)
    for said in ({"kind": "sweep", "file": 0, "number": 1}, {"kind": "path"}):
        _, data = asked(explorer, "export", {**said, "scenes": [{"other": {"index": 5}}]})
        assert Image.open(io.BytesIO(data)).format == "GIF"
    assert "second sample" in told(explorer, "export", {"kind": "path", "scenes": [{}]})["error"]
    assert "must be of the kind int" in told(explorer, "export", {"kind": "sweep", "scenes": [{}]})["error"]


def test_with_a_folder_things_are_saved_there_and_nothing_is_overwritten(opened: Opened, tmp_path: Path) -> None:
    explorer = opened(out=tmp_path / "kept")
    for name in ("picture.png", "picture-2.png"):
        assert told(explorer, "export", {"kind": "png", "scenes": [{}]}) == {"saved": str(tmp_path / "kept" / name)}
    assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == ["picture-2.png", "picture.png"]


def test_the_command_of_a_picture_is_told(small_shipped: Path, opened: Opened, tmp_path: Path) -> None:
    explorer = opened("dots", out=tmp_path)
    plain = told(explorer, "command", {"scene": {"point": {"index": 4}}})
    assert plain["line"].startswith("ganprobe edit dots --index 4 --rows 1 --seed 0")
    mixed = {"scene": {"other": {"index": 1}, "mixed": [0, 1]}, "save": True}
    saved = tmp_path / "latents.safetensors"
    assert told(explorer, "command", mixed)["saved"] == str(saved)
    assert f"--latents {saved} " in told(explorer, "command", mixed)["line"].replace("latents-2.", "latents.")
    assert "given in Python" in told(opened(), "command", {"scene": {}})["error"]


def test_it_runs_beside_python_and_ends(small_shipped: Path) -> None:
    with ganprobe.explore("dots", truncation=0.5, device="cpu") as explorer:
        shown = explorer._repr_html_()
        assert f'<iframe src="{explorer.url}"' in shown
        assert "title=" in shown
        assert told(explorer, "about")["scene"]["truncation"] == 0.5
        with pytest.raises(InputError, match=f"port {explorer.port} cannot be had"):
            ganprobe.explore("dots", port=explorer.port, device="cpu")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", explorer.port), timeout=5)
    explorer.stop()
    name = ganprobe.explore(style_sampler(), device="cpu")
    assert "<script>" not in name._repr_html_()
    name.stop()


def test_missing_packages_and_wrong_words_are_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], small_shipped: Path, tmp_path: Path
) -> None:
    for words, said in (
        (["explore", "dosts"], "did you mean 'dots'"),
        (["explore", "dots", "--proxy", "hub"], "proxy must be an address"),
        (["explore", "dots", "--directions", str(tmp_path / "none.safetensors")], "cannot read"),
        (["explore", "dots", "--port", "99999"], "port 99999 cannot be had"),
        (["explore", "dots", "--port", "0"], "port must be at least 1"),
    ):
        assert run(words) == 2, words
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    assert run(["explore", "dots"]) == 2
    assert "pip install 'ganprobe[explore]'" in capsys.readouterr().err
    with pytest.raises(CapabilityError, match="starlette and uvicorn"):
        ganprobe.explore("dots")
