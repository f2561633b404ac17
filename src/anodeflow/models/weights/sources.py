"""Where weights come from: a file, a mirror, a package, or an address."""

import pkgutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

from anodeflow.errors import WeightsError, nearest
from anodeflow.families import FAMILIES
from anodeflow.files.shipped import locate
from anodeflow.process.model_messages import quiet_loading
from anodeflow.process.other_python import start_of

FIND = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]).origin)"


def find_source(source: str, family: str, mirror: Path | None, python: str | None) -> Path | str:
    """Return the file, or the URL, that `source` means.

    Args:
        source: a file here or beside the Snakefile, a URL, or a name that the family knows.
        family: a name of `families.FAMILIES`.
        mirror: a folder whose files stand in for every download.
        python: the Python whose packages are searched, None for this one.

    Raises:
        WeightsError: there is no such file, or name, or Python.
    """
    if Path(locate(source)).is_file():
        return Path(locate(source))
    address = urllib.parse.urlsplit(source)
    if address.scheme == "file":
        return _existing(Path(urllib.request.url2pathname(address.path)), source)
    if source in FAMILIES[family].packaged:
        return _packaged_file(family, source, python or sys.executable)
    url = source if address.scheme in ("http", "https") else None
    if url is None and not _is_path(source):
        url = _urls(family).get(source)
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
    package, files = FAMILIES[family].package, FAMILIES[family].packaged
    need = f"The weights {name} come with the package {package}"
    with start_of(python, WeightsError, need) as program:
        found = subprocess.run([program, "-c", FIND, package], capture_output=True, text=True)
    if found.returncode != 0:
        raise WeightsError(
            f"{need}, which {python} does not have; install {package} there, name the environment "
            "that has it, or give the path of the weights file."
        )
    return _existing(Path(found.stdout.strip()).parent / files[name], f"{package} {name}")


def _urls(family: str) -> dict[str, str]:
    """Return the addresses of a family's weights by their names."""
    table = FAMILIES[family].urls
    if table is None:
        return {}
    with quiet_loading():
        found: dict[str, str] = pkgutil.resolve_name(table)
        return found


def _unknown_source(source: str, family: str) -> str:
    if _is_path(source) or FAMILIES[family].entry_is_configured:
        return f"There is no file {source} here or beside the Snakefile; check the model's weights."
    known = [*FAMILIES[family].packaged, *_urls(family)]
    return (
        f"{source!r}{nearest(source, known)} is neither a file here, nor a URL, nor a name of "
        f"family {family} ({', '.join(known)}); choose one of them."
    )
