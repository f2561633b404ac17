"""Model weights as files: fetched once, checked, and never loaded unless their hash is known."""

import os
import shutil
import zipfile
from pathlib import Path

from anodeflow.errors import ResultFileError, WeightsError
from anodeflow.families import FAMILIES
from anodeflow.files.atomic import full_disk_named, sync
from anodeflow.files.locks import exclusive
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.download import discard, download
from anodeflow.models.weights.hash_records import hash_file, require_known_hash
from anodeflow.models.weights.known_elements import known_elements
from anodeflow.models.weights.sources import find_source


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
    without that pin, the one that `lock` recorded when the source was first used, once that one was
    evaluated (`hash_records`). Nothing stands under the name `target` until all is checked, and a
    refused file leaves an earlier `target` as it was.

    Raises WeightsError when the source is unknown or unreachable, when what came is no file of
    weights, or when its hash differs.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with exclusive(part):
        _bring(part, source, family, mirror, python)
        try:
            _refuse_no_model(part, source, family)
            size, digest = part.stat().st_size, hash_file(part)
            require_known_hash(sha256=digest, size_bytes=size, source=source, pin=sha256, lock=lock)
        except WeightsError:
            discard(part)
            raise
        with full_disk_named(target):
            sync(part)
        os.replace(part, target)
    told = known_elements(target, family)
    about = WeightsCard(source=source, family=family, sha256=digest, size_bytes=size, elements=told)
    about.write(card)


def _bring(
    part: Path, source: str | None, family: str, mirror: Path | None, python: str | None
) -> None:
    found = Path(os.devnull) if source is None else find_source(source, family, mirror, python)
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
            f"The weights {source} could not be copied to {part} ({error.strerror}): correct the "
            "permissions or make room."
        ) from None


def verify_weights(weights: Path, card: Path) -> str:
    """Return the sha256 of `weights` after comparing it with the one on its `card`.

    Raises WeightsError when either file is missing, the card cannot be read, or the hashes differ.
    """
    try:
        expected = WeightsCard.read(card).sha256
        found = hash_file(weights)
    except (OSError, ResultFileError) as error:
        raise WeightsError(
            f"The weights {weights} cannot be checked against their card {card} "
            f"({str(error).rstrip('.')}): delete both and fetch them again."
        ) from error
    if found != expected:
        raise WeightsError(
            f"The weights {weights} have sha256 {found}, but their card {card} says {expected}; "
            "they were changed after they were fetched, so delete both and fetch them again."
        )
    return found


def _refuse_no_model(path: Path, source: str | None, family: str) -> None:
    """Refuse what is plainly no saved torch model: torch saves zip, pickle or tar files.

    A calculator that the configuration opens may read any file.
    """
    with path.open("rb") as file:
        start = file.read(512)
    is_zip = start.startswith(b"PK\x03\x04")
    is_pickle = start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05" and len(start) > 2
    is_tar = start[257:262] == b"ustar"
    if is_zip and b"/data.pkl" in start and not _is_whole(path):
        raise WeightsError(
            f"{source} gave the beginning of a zip archive without its end, {path.stat().st_size} "
            "bytes: the file is not whole, so copy or download it again."
        )
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
    other_file = source is None or kind in ("JSON text", "something else")
    if FAMILIES[family].entry_is_configured and other_file:
        return
    raise WeightsError(
        f"{source} gave {kind}, not a file of weights (a zip, pickle or tar file that torch "
        "saved); check the address: it has to be that of the file itself, not of a page about it."
    )


def _is_whole(archive: Path) -> bool:
    """Return whether a zip archive has its list of contents, which stands at its end.

    Where it was cut off, that of an archive inside it may be found, but no part that begins it.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return any(part.header_offset == 0 for part in opened.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
