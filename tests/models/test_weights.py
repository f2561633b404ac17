"""Fetching weights: from a path, a name, a mirror and a server that misbehaves in every way."""

import errno
import fcntl
import hashlib
import http.server
import json
import multiprocessing
import socket
import sys
import threading
from pathlib import Path

import pytest

from anodeflow.errors import WeightsError
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.fetching import fetch_weights, verify_weights
from anodeflow.models.weights.hash_records import trust_evaluated

WEIGHTS = b"PK\x03\x04" + bytes(range(256)) * 4096
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()


class _Server(http.server.ThreadingHTTPServer):
    """Serves `body` in the way that `manner` says, and keeps the Range headers it was sent."""

    body = WEIGHTS
    tag = '"one"'
    manner = "ranges"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/my.model"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        if server.manner == "missing":
            self.send_error(404)
            return
        start = 0
        if server.manner != "no ranges" and self.headers.get("If-Range") == server.tag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if start >= len(server.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(server.body) - 1}/{len(server.body)}"
            )
        self.send_header("ETag", server.tag)
        self.send_header("Content-Length", str(len(server.body) - start))
        self.end_headers()
        stop = start + 300_000 if server.manner.startswith("breaks") else len(server.body)
        self.wfile.write(server.body[start:stop])
        if server.manner == "breaks once":
            server.manner = "ranges"
        elif server.manner == "breaks, then down":
            server.manner = "missing"

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _fetch(folder: Path, source: str | None, **changes) -> Path:
    target = folder / "out" / "weights.model"
    options = {"family": "mace", "sha256": None, "mirror": None, "lock": folder / "lock.json"}
    fetch_weights(target, target.with_suffix(".json"), source=source, **{**options, **changes})
    return target


def _names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "out").iterdir() if not path.name.endswith(".guard")}


def test_a_local_file_is_copied_and_its_card_says_what_it_is(tmp_path):
    source = tmp_path / "mine.model"
    source.write_bytes(WEIGHTS)
    target = _fetch(tmp_path, str(source))
    assert target.read_bytes() == WEIGHTS
    card = json.loads(target.with_suffix(".json").read_text())
    assert card == {
        "source": str(source),
        "family": "mace",
        "sha256": DIGEST,
        "size_bytes": len(WEIGHTS),
        "elements": None,  # it is no model
    }
    assert _names(tmp_path) == {"weights.model", "weights.json"}
    assert verify_weights(target, target.with_suffix(".json")) == DIGEST


def test_a_file_url_means_the_file(tmp_path):
    source = tmp_path / "my model.pt"
    source.write_bytes(WEIGHTS)
    assert _fetch(tmp_path, source.as_uri()).read_bytes() == WEIGHTS


def test_a_download_arrives_whole_and_leaves_nothing_beside(tmp_path, server, capsys):
    assert _fetch(tmp_path, server.url, sha256=DIGEST.upper()).read_bytes() == WEIGHTS
    assert _names(tmp_path) == {"weights.model", "weights.json"}
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "fetching weights.model: 1.05M/1.05MB (100 %)" in lines[0]


def test_a_broken_connection_is_resumed_where_it_stopped(tmp_path, server):
    server.manner = "breaks once"
    assert _fetch(tmp_path, server.url).read_bytes() == WEIGHTS
    assert server.asked == [None, "bytes=300000-"]


def test_a_later_fetch_goes_on_from_what_an_earlier_one_left(tmp_path, server):
    server.manner = "breaks, then down"
    with pytest.raises(WeightsError, match="answered 404"):
        _fetch(tmp_path, server.url)
    assert _names(tmp_path) == {"weights.model.part", "weights.model.part.json"}
    server.manner, server.asked = "ranges", []
    assert _fetch(tmp_path, server.url).read_bytes() == WEIGHTS
    assert server.asked == ["bytes=300000-"]


def test_a_file_that_changed_on_the_server_is_fetched_anew(tmp_path, server):
    server.manner = "breaks, then down"
    with pytest.raises(WeightsError):
        _fetch(tmp_path, server.url)
    server.manner, server.tag, server.body = "ranges", '"two"', WEIGHTS[:4] + WEIGHTS[:500_000]
    assert _fetch(tmp_path, server.url).read_bytes() == server.body


def test_what_another_address_left_is_not_built_upon(tmp_path, server):
    server.manner = "breaks, then down"
    with pytest.raises(WeightsError):
        _fetch(tmp_path, server.url)
    server.manner, server.asked = "ranges", []
    assert _fetch(tmp_path, server.url + "?other").read_bytes() == WEIGHTS
    assert server.asked == [None]


def test_a_server_without_ranges_starts_again(tmp_path, server):
    server.manner = "breaks, then down"
    with pytest.raises(WeightsError):
        _fetch(tmp_path, server.url)
    server.manner = "no ranges"
    assert _fetch(tmp_path, server.url).read_bytes() == WEIGHTS


def test_a_complete_but_unpromoted_download_is_fetched_anew(tmp_path, server):
    part = tmp_path / "out" / "weights.model.part"
    part.parent.mkdir()
    part.write_bytes(WEIGHTS)
    note = {"url": server.url, "validator": server.tag}
    part.with_name(part.name + ".json").write_text(json.dumps(note))
    assert _fetch(tmp_path, server.url).read_bytes() == WEIGHTS
    assert server.asked == [f"bytes={len(WEIGHTS)}-", None]


def test_a_body_that_stays_short_is_refused_and_kept_only_as_part(tmp_path, server):
    server.manner = "breaks, no ranges"
    server.tag = 'W/"weak"'
    with pytest.raises(WeightsError, match=r"stopped after 300000 bytes of 1048580 .*run again"):
        _fetch(tmp_path, server.url)
    assert _names(tmp_path) == {"weights.model.part"}


def test_a_web_page_is_refused_as_such(tmp_path, server):
    server.body = b"\n<!DOCTYPE html><html><body>Sign in</body></html>"
    with pytest.raises(WeightsError, match=r"my\.model gave a web page, not a file of weights"):
        _fetch(tmp_path, server.url)
    assert _names(tmp_path) == set()
    assert not (tmp_path / "lock.json").exists()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b'{"message": "Not Found"}', "JSON text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"hello", "something else"),
    ],
)
def test_what_is_no_saved_model_is_refused_by_what_it_is(tmp_path, content, kind):
    source = tmp_path / "mine.model"
    source.write_bytes(content)
    with pytest.raises(WeightsError, match=f"gave {kind}, not"):
        _fetch(tmp_path, str(source))
    assert _names(tmp_path) == set()


def test_a_missing_page_names_the_answer_of_the_server(tmp_path, server):
    server.manner = "missing"
    with pytest.raises(WeightsError, match="answered 404 Not Found for http"):
        _fetch(tmp_path, server.url)


def test_a_dead_port_is_one_sentence_that_names_the_mirror(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/my.model"
        with pytest.raises(WeightsError, match=r"0 bytes .*Connection refused.*weights_mirror"):
            _fetch(tmp_path, url)
    assert _names(tmp_path) == set()


def test_a_wrong_pin_is_refused_with_both_hashes_and_the_earlier_file_stays(tmp_path, server):
    target = _fetch(tmp_path, server.url)
    server.body = WEIGHTS + b"changed"
    wrong = hashlib.sha256(server.body).hexdigest()
    with pytest.raises(WeightsError) as caught:
        _fetch(tmp_path, server.url, sha256=DIGEST)
    assert DIGEST in str(caught.value)
    assert wrong in str(caught.value)
    assert target.read_bytes() == WEIGHTS
    assert _names(tmp_path) == {"weights.model", "weights.json"}


def test_a_file_that_changed_after_it_was_evaluated_is_refused(tmp_path, server):
    target = _fetch(tmp_path, server.url)
    trust_evaluated(WeightsCard.read(target.with_suffix(".json")), tmp_path / "lock.json")
    record = json.loads((tmp_path / "lock.json").read_text())[server.url]
    assert (record["sha256"], record["size"]) == (DIGEST, len(WEIGHTS))
    server.body = WEIGHTS + b"changed"
    with pytest.raises(WeightsError) as caught:
        _fetch(tmp_path, server.url)
    for part in (DIGEST, hashlib.sha256(server.body).hexdigest(), record["first_used"]):
        assert part in str(caught.value)
    assert json.loads((tmp_path / "lock.json").read_text())[server.url] == record


def test_a_pin_leaves_the_lock_file_alone(tmp_path, server):
    _fetch(tmp_path, server.url, sha256=DIGEST)
    assert not (tmp_path / "lock.json").exists()


def test_a_damaged_lock_file_is_refused(tmp_path, server):
    (tmp_path / "lock.json").write_text('{"a": ')
    with pytest.raises(WeightsError, match=r"lock file of weights .* is damaged"):
        _fetch(tmp_path, server.url)


def test_concurrent_first_uses_all_reach_the_lock_file(tmp_path):
    sources = []
    for number in range(6):
        source = tmp_path / f"{number}.model"
        source.write_bytes(WEIGHTS + bytes([number]))
        sources.append(source)
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(
            target=fetch_weights,
            args=(tmp_path / f"{source.stem}.out", tmp_path / f"{source.stem}.json"),
            kwargs={
                "family": "mace",
                "source": str(source),
                "sha256": None,
                "mirror": None,
                "lock": tmp_path / "lock.json",
            },
        )
        for source in sources
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert json.loads((tmp_path / "lock.json").read_text()).keys() == {str(s) for s in sources}


def test_where_the_file_system_cannot_lock_the_hash_is_recorded_with_a_warning(
    tmp_path, monkeypatch, capsys
):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    source = tmp_path / "mine.model"
    source.write_bytes(WEIGHTS)
    _fetch(tmp_path, str(source))
    assert json.loads((tmp_path / "lock.json").read_text())[str(source)]["sha256"] == DIGEST
    said = f"{tmp_path}/lock.json lies on a file system that cannot lock (No locks available)"
    assert said in capsys.readouterr().err


def test_the_mirror_stands_in_for_a_download(tmp_path):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "my.model").write_bytes(WEIGHTS)
    target = _fetch(tmp_path, "https://nowhere.invalid/a/my.model?raw=true", mirror=mirror)
    assert target.read_bytes() == WEIGHTS


def test_a_mace_name_is_looked_up_in_the_mirror_by_the_name_of_its_file(tmp_path):
    (tmp_path / "mace-omat-0-medium.model").write_bytes(WEIGHTS)
    assert _fetch(tmp_path, "medium-omat-0", mirror=tmp_path).read_bytes() == WEIGHTS


def test_a_mirror_without_the_file_is_refused_and_nothing_is_downloaded(tmp_path, server):
    with pytest.raises(WeightsError, match=r"mirror .* has no file my\.model"):
        _fetch(tmp_path, server.url, mirror=tmp_path)
    assert server.asked == []


def test_a_chgnet_name_means_the_file_of_its_package(tmp_path):
    target = _fetch(tmp_path, "0.3.0", family="chgnet")
    assert target.stat().st_size > 1_000_000
    assert json.loads(target.with_suffix(".json").read_text())["source"] == "0.3.0"


def test_a_sevennet_name_means_the_file_of_its_package_in_the_environment(tmp_path):
    package = tmp_path / "site/sevenn"
    file = package / "pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth"
    file.parent.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('never imported')")
    file.write_bytes(WEIGHTS)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/site exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    target = _fetch(tmp_path, "7net-l3i5", family="sevennet", python=str(python))
    assert target.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (sys.executable, "package sevenn, which .*python.* does not have"),
        ("nowhere/python", "nowhere/python cannot be started .*environments"),
    ],
)
def test_weights_of_a_package_that_is_not_there_are_refused(tmp_path, python, said):
    with pytest.raises(WeightsError, match=said):
        _fetch(tmp_path, "7net-0", family="sevennet", python=python)


def test_a_custom_calculator_may_read_any_file_but_no_page_about_one(tmp_path):
    source = tmp_path / "mine.yaml"
    source.write_text("sigma: 2")
    assert _fetch(tmp_path, str(source), family="custom").read_text() == "sigma: 2"
    source.write_text("<!DOCTYPE html>")
    with pytest.raises(WeightsError, match="gave a web page"):
        _fetch(tmp_path, str(source), family="custom")


def test_an_empty_file_stands_for_the_weights_of_a_calculator_that_reads_none(tmp_path):
    target = _fetch(tmp_path, None, family="custom")
    assert target.read_bytes() == b""
    assert verify_weights(target, target.with_suffix(".json")) == hashlib.sha256(b"").hexdigest()
    assert not (tmp_path / "lock.json").exists()


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(WeightsError, match=r"did you mean '0\.3\.0'\?"):
        _fetch(tmp_path, "0.3.00", family="chgnet")


def test_a_missing_path_is_said_to_be_missing(tmp_path):
    with pytest.raises(WeightsError, match=r"There is no file models/mine\.model here"):
        _fetch(tmp_path, "models/mine.model")


def test_weights_changed_after_fetching_are_refused_with_both_hashes(tmp_path, server):
    target = _fetch(tmp_path, server.url)
    target.write_bytes(WEIGHTS + b"x")
    with pytest.raises(WeightsError) as caught:
        verify_weights(target, target.with_suffix(".json"))
    assert DIGEST in str(caught.value)
    assert hashlib.sha256(WEIGHTS + b"x").hexdigest() in str(caught.value)


def test_weights_without_a_card_are_refused(tmp_path, server):
    target = _fetch(tmp_path, server.url)
    with pytest.raises(WeightsError, match="cannot be checked against their card"):
        verify_weights(target, tmp_path / "no.json")
