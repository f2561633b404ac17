"""Download of one large file: resumed where it broke off, checked for length."""

import contextlib
import json
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from anodeflow.errors import WeightsError
from anodeflow.process.progress import Progress

TIMEOUT_S = 60

BLOCK_BYTES = 1 << 18

# An attempt counts only if the one before brought something, so a dead server is asked once.
ATTEMPTS = 5


def download(url: str, part: Path) -> None:
    """Stream `url` into `part`, going on from what an earlier, broken download left there.

    What is there is used only if the server confirms, by ETag or date (If-Range), that the file
    has not changed since; which file it belongs to is kept in `part` + ".json".

    Raises WeightsError when the server refuses, cannot be reached, or the body stays short.
    """
    for _ in range(ATTEMPTS):
        before = _size(part)
        try:
            total = _fetch(url, part)
        except urllib.error.HTTPError as error:
            with error:
                raise WeightsError(
                    f"The server answered {error.code} {error.reason} for {url}; "
                    "check the address in the model's weights."
                ) from error
        except (OSError, HTTPException) as error:
            reason, total = str(getattr(error, "reason", error)), None
        else:
            reason = "the connection was closed early"
            if total is None or _size(part) == total:
                _note(part).unlink(missing_ok=True)
                return
        if _size(part) <= before:
            break
    raise WeightsError(
        f"The download of {url} stopped after {_size(part)} bytes"
        f"{f' of {total}' if total else ''} ({reason}); run again to go on from there, or put the "
        "file into a folder and name that folder as weights_mirror."
    )


def discard(part: Path) -> None:
    """Remove an unfinished download, so that nothing is ever appended to it."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _fetch(url: str, part: Path) -> int | None:
    """Make one request, append or start anew; return the full size if the server says it."""
    headers = {"User-Agent": "anodeflow", "Accept-Encoding": "identity"}
    note = _read_note(part)
    offset = _size(part) if note.get("url") == url else 0
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": note["validator"]}
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        # 416: what is there is as long as the file, or longer; it was never confirmed, so anew.
        if error.code != 416 or not offset:
            raise
        error.close()
        part.unlink()
        return _fetch(url, part)
    with response:
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        if response.status != 206 or not resumed:
            offset = 0
            _write_note(part, url, response)
        length = response.headers.get("Content-Length")
        total = None if length is None else offset + int(length)
        _stream(response, part, offset, total)
    return total


def _stream(response: HTTPResponse, part: Path, offset: int, total: int | None) -> None:
    left = None if total is None else total - offset
    label = f"{'resuming' if offset else 'fetching'} {part.name.removesuffix('.part')}"
    with (
        Progress(left, label=label, unit="B") as progress,
        part.open("ab" if offset else "wb") as file,
    ):
        while block := response.read(BLOCK_BYTES):
            file.write(block)
            progress.update(len(block))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_note(part: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, str] = json.loads(_note(part).read_text())
        return found
    return {}


def _write_note(part: Path, url: str, response: HTTPResponse) -> None:
    """Note which file is being fetched, if the server gives a mark that If-Range accepts."""
    tag = response.headers.get("ETag", "")
    validator = tag if tag.startswith('"') else response.headers.get("Last-Modified")
    if validator is None:
        _note(part).unlink(missing_ok=True)
    else:
        _note(part).write_text(json.dumps({"url": url, "validator": validator}))
