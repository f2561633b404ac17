"""Model weights as files: fetched once, checked, and never loaded unless their hash is known."""

import contextlib
import datetime
import difflib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from anodeflow.download import discard, download
from anodeflow.errors import WeightsError
from anodeflow.whole_files import full_disk_named, sync, write_json

# Files of weights that come with a package: family, package, and its files by their names.
PACKAGED = {
    "chgnet": (
        "chgnet",
        {
            "0.3.0": "pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
            "0.2.0": "pretrained/0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar",
            "r2scan": "pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
        },
    ),
    "sevennet": (
        "sevenn",
        {
            "7net-0": "pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
            "7net-l3i5": "pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth",
        },
    ),
}
FIND = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]).origin)"


def fetch_weights(
    target: Path,
    card: Path,
    *,
    family: str,
    source: str | None,
    sha256: str | None,
    mirror: Path | None,
    lock: Path,
    python: str | None = None,
) -> None:
    """Put the weights that `source` means at `target` and write their card beside them.

    source: a file here, a URL, or a name that the family knows ("medium-omat-0", "0.3.0"); None
    for a calculator that reads no file, for which an empty one stands. python: the Python whose
    packages are searched for weights that come with one, None for this one.
    mirror: a folder whose files stand in for every download. The hash must equal `sha256`, or,
    without that pin, the one that `lock` recorded when the source was first used. The card holds
    source, family, sha256 and size_bytes. Nothing stands under the name `target` until all is
    checked, and a refused file leaves an earlier `target` as it was.

    Raises WeightsError when the source is unknown or unreachable, when what came is no file of
    weights, or when its hash differs.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with _exclusive(part):
        _bring(part, source, family, mirror, python)
        try:
            _refuse_no_model(part, source, family)
            entry = {"sha256": hash_file(part), "size_bytes": part.stat().st_size}
            _refuse_other_hash(**entry, source=source, pin=sha256, lock=lock)
        except WeightsError:
            discard(part)
            raise
        with full_disk_named(target):
            sync(part)
        os.replace(part, target)
    write_json(card, {"source": source, "family": family, **entry})


def _bring(
    part: Path, source: str | None, family: str, mirror: Path | None, python: str | None
) -> None:
    found = Path(os.devnull) if source is None else _resolve(source, family, mirror, python)
    if isinstance(found, Path):
        discard(part)
        _copy(found, part)
    else:
        download(found, part)


def _copy(source: Path, part: Path) -> None:
    try:
        shutil.copyfile(source, part)
    except OSError as error:
        discard(part)
        raise WeightsError(
            f"The weights {source} could not be copied to {part} ({error.strerror}): mend the "
            "permissions or make room."
        ) from None


def verify_weights(weights: Path, card: Path) -> str:
    """Return the sha256 of `weights` after comparing it with the one on its `card`.

    Raises WeightsError when either file is missing, the card cannot be read, or the hashes differ.
    """
    try:
        expected = json.loads(card.read_text())["sha256"]
        found = hash_file(weights)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"The weights {weights} cannot be checked against their card {card} "
            f"({type(error).__name__}: {error}); delete both and fetch them again."
        ) from error
    if found != expected:
        raise WeightsError(
            f"The weights {weights} have sha256 {found}, but their card {card} says {expected}; "
            "they were changed after they were fetched, so delete both and fetch them again."
        )
    return found


def hash_file(path: Path) -> str:
    """Return the sha256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resolve(source: str, family: str, mirror: Path | None, python: str | None) -> Path | str:
    """Return the file, or the URL, that `source` means."""
    if Path(source).is_file():
        return Path(source)
    address = urllib.parse.urlsplit(source)
    if address.scheme == "file":
        return _existing(Path(urllib.request.url2pathname(address.path)), source)
    if family in PACKAGED and source in PACKAGED[family][1]:
        return _packaged_file(family, source, python or sys.executable)
    url = source if address.scheme in ("http", "https") else None
    if url is None and family == "mace" and not _is_path(source):
        url = _mace_urls().get(source)
    if mirror is not None:
        return _mirrored(mirror, source, url)
    if url is None:
        raise WeightsError(_unknown_source(source, family))
    return url


def _is_path(source: str) -> bool:
    return "/" in source or Path(source).suffix in (".model", ".pt", ".pth", ".tar")


def _existing(path: Path, source: str) -> Path:
    if not path.is_file():
        raise WeightsError(f"There is no file at {source}; check the model's weights.")
    return path


def _mirrored(mirror: Path, source: str, url: str | None) -> Path:
    wanted = [Path(urllib.parse.unquote(urllib.parse.urlsplit(url or source).path)).name]
    if url != source:
        wanted.append(Path(source).name)
    for name in dict.fromkeys(wanted):
        if name and (mirror / name).is_file():
            return mirror / name
    raise WeightsError(
        f"The weights mirror {mirror} has no file {' or '.join(dict.fromkeys(wanted))} for "
        f"{source}; put it there, or take weights_mirror out of the config to download it."
    )


def _packaged_file(family: str, name: str, python: str) -> Path:
    """Return the file of a package that `python` has, whichever Python that is."""
    package, files = PACKAGED[family]
    try:
        found = subprocess.run([python, "-c", FIND, package], capture_output=True, text=True)
    except OSError as error:
        raise WeightsError(
            f"The weights {name} come with the package {package}, but the Python {python} cannot "
            f"be started ({error.strerror}): run `make envs`, or mend its path in the config."
        ) from None
    if found.returncode != 0:
        raise WeightsError(
            f"The weights {name} come with the package {package}, which {python} does not have; "
            f"install {package} there, name the environment that has it, or give the path of the "
            "weights file."
        )
    return _existing(Path(found.stdout.strip()).parent / files[name], f"{package} {name}")


def _mace_urls() -> dict[str, str]:
    from anodeflow.quiet import quiet_loading

    with quiet_loading():
        from mace.calculators.foundations_models import mace_mp_urls
    return mace_mp_urls


def _unknown_source(source: str, family: str) -> str:
    if _is_path(source) or family == "custom":
        return f"There is no file {source} here; check the model's weights."
    known = list(_mace_urls() if family == "mace" else PACKAGED.get(family, ("", {}))[1])
    near = difflib.get_close_matches(source, known, n=1)
    return (
        f"{source!r} is neither a file here, nor a URL, nor a name of family {family} "
        f"({', '.join(known)}){f'; did you mean {near[0]}?' if near else '; choose one of them.'}"
    )


def _refuse_no_model(path: Path, source: str | None, family: str) -> None:
    """Refuse what is plainly no saved torch model: torch saves zip, pickle or tar files.

    A custom calculator may read any file.
    """
    with path.open("rb") as file:
        start = file.read(512)
    is_zip = start.startswith(b"PK\x03\x04")
    is_pickle = start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05" and len(start) > 2
    is_tar = start[257:262] == b"ustar"
    if is_zip or is_pickle or is_tar:
        return
    text = start.lstrip().lower()
    if not start:
        kind = "an empty file"
    elif text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        kind = "a web page"
    elif text.startswith((b"{", b"[")):
        kind = "JSON text"
    elif text.startswith(b"version https://git-lfs"):
        kind = "a Git LFS pointer"
    else:
        kind = "something else"
    if family == "custom" and (source is None or kind in ("JSON text", "something else")):
        return
    raise WeightsError(
        f"{source} gave {kind}, not a file of weights (a zip, pickle or tar file that torch "
        "saved); check the address: it has to be that of the file itself, not of a page about it."
    )


def _refuse_other_hash(
    *, sha256: str, size_bytes: int, source: str | None, pin: str | None, lock: Path
) -> None:
    """Compare with the pin, else with the lock file's record, which a first use writes."""
    if pin is not None:
        if sha256 != pin.lower():
            raise WeightsError(
                f"The weights from {source} have sha256 {sha256}, but the config pins "
                f"{pin.lower()}; they are not the file that was meant, so correct the source "
                "or, if the new file is trusted, the pin."
            )
        return
    if source is None:
        return
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(lock):
        records = _read_lock(lock)
        if source not in records:
            today = datetime.datetime.now(datetime.UTC).date().isoformat()
            records[source] = {"sha256": sha256, "size": size_bytes, "first_used": today}
            write_json(lock, dict(sorted(records.items())))
        elif sha256 != records[source]["sha256"]:
            raise WeightsError(
                f"The weights from {source} have sha256 {sha256}, but {lock} recorded "
                f"{records[source]['sha256']} on {records[source]['first_used']}; they have "
                "changed since, so pin the sha256 you trust in the model's entry, or delete the "
                "record."
            )


def _read_lock(lock: Path) -> dict[str, dict]:
    if not lock.exists():
        return {}
    try:
        records = json.loads(lock.read_text())
        if all({"sha256", "first_used"} <= record.keys() for record in records.values()):
            return records
        raise ValueError("a record lacks sha256 or first_used")
    except (ValueError, AttributeError) as error:
        raise WeightsError(
            f"The lock file of weights {lock} is damaged ({error}); restore it from version "
            "control, or delete it to record the hashes anew."
        ) from error


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Keep other processes out while `path` is worked on, by a lock on a hidden file beside it."""
    with path.with_name(f".{path.name}.guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
