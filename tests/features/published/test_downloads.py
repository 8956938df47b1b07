"""Weights from an address: cached, checked, whole or not at all, and plain words where they cannot be had."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ganprobe.core.cache import cache_folder
from ganprobe.core.errors import CheckpointError, OutputError
from ganprobe.features.published.downloads import INCEPTION, WeightRecord, fetched

BODY = bytes(range(256)) * 5000


class Server(ThreadingHTTPServer):
    daemon_threads = True
    body, asked = BODY, 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        if self.path == "/none":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def record(server):
    return WeightRecord(
        name="network-1",
        file="weights.pth",
        urls=(f"http://127.0.0.1:{server.server_port}/weights.pth",),
        sha256=hashlib.sha256(BODY).hexdigest(),
        size=len(BODY),
        licence="none",
        origin="made here",
        option="--some-weights",
    )


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_fetched_once_and_checked(record, server, tmp_path):
    path = fetched(record, tmp_path / "cache")
    assert path.read_bytes() == BODY
    assert fetched(record, tmp_path / "cache") == path
    assert server.asked == 1
    assert files(tmp_path / "cache") == ["weights.pth"]


def test_many_at_once_fetch_once(record, server, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: fetched(record, tmp_path), range(8)))
    assert {path.read_bytes() for path in paths} == {BODY}
    assert server.asked == 1


def test_a_damaged_file_is_replaced(record, server, tmp_path):
    (tmp_path / "weights.pth").write_bytes(BODY[:-1] + b"?")
    assert fetched(record, tmp_path).read_bytes() == BODY
    assert server.asked == 1


def test_the_next_address_is_tried(record, tmp_path):
    urls = (record.urls[0].replace("weights.pth", "none"), *record.urls)
    assert fetched(replace(record, urls=urls), tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("body", [BODY[:1000], b"?" + BODY[1:]])
def test_what_does_not_match_is_not_kept(record, server, tmp_path, body):
    server.body = body
    with pytest.raises(CheckpointError, match=f"{hashlib.sha256(body).hexdigest()}.*{record.sha256}"):
        fetched(record, tmp_path)
    assert files(tmp_path) == []


def test_without_a_network_the_error_says_all(record, server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(CheckpointError) as caught:
        fetched(record, tmp_path / "cache")
    said = str(caught.value)
    assert "\n" not in said
    for word in (record.file, record.sha256, record.urls[0], str(tmp_path / "cache"), "--some-weights"):
        assert word in said


def test_a_folder_that_cannot_be_is_named(record, server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*file/cache/weights\.pth"):
        fetched(record, tmp_path / "file" / "cache")
    assert server.asked == 0


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"GANPROBE_CACHE": "/data/c", "XDG_CACHE_HOME": "/x"}, "linux", "/data/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "linux", "/x/ganprobe"),
        ({"HOME": "/h"}, "linux", "/h/.cache/ganprobe"),
        ({"HOME": "/h", "GANPROBE_CACHE": ""}, "darwin", "/h/Library/Caches/ganprobe"),
        ({"HOME": "/h", "LOCALAPPDATA": "/l"}, "win32", "/l/ganprobe/Cache"),
    ],
)
def test_where_the_cache_is(environment, platform, folder):
    assert cache_folder(environment, platform) == Path(folder)


def test_the_record_of_inception_is_whole():
    assert INCEPTION.file.endswith(f"-{INCEPTION.sha256[:8]}.pth")
    assert all(url.startswith("https://") and INCEPTION.sha256[:8] in url for url in INCEPTION.urls)
    assert len(INCEPTION.sha256) == 64
