"""Compare two results folders: is every number and word of one that of the other?

`python benchmarks/compare_results.py BEFORE AFTER` applies benchmarks/renamed_results.yaml, which
lists what was renamed on purpose and what is measured anew by every run. JSON, CSV, extended XYZ,
HDF5, YAML and .dat files are compared value by value, to the last bit; a key that is absent equals
one that is null. Pictures, pages, logs and costs are not compared: their numbers stand in the files
that are.
"""

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import yaml

RENAMED = Path(__file__).with_name("renamed_results.yaml")
LEFT_OUT = ("logs/", "benchmarks/")
SHOWN = 20
Value = float | str | None


def values_of(path: Path) -> Iterator[tuple[str, Value]]:
    """Yield every number and word of a file with its place."""
    yield from READERS[path.suffix](path)


def _json(path: Path) -> Iterator[tuple[str, Value]]:
    yield from _nested(json.loads(path.read_text(encoding="utf-8")))


def _yaml(path: Path) -> Iterator[tuple[str, Value]]:
    yield from _nested(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def _nested(content: object, place: str = "") -> Iterator[tuple[str, Value]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _nested(value, f"{place}.{key}".lstrip("."))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _nested(value, f"{place}.{number}".lstrip("."))
    else:
        yield place, _plain(content)


def _csv(path: Path) -> Iterator[tuple[str, Value]]:
    import pandas as pd

    # As text: what pandas would make of a column depends on all of its cells.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for number, row in enumerate(table.to_dict("records")):
        for column, cell in row.items():
            yield f"{number}.{column}", _plain(cell)


def _words(path: Path) -> Iterator[tuple[str, Value]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        for place, word in enumerate(re.split(r"[\s=\"]+", line)):
            yield f"line {number}.{place}", _plain(word)


def _hdf5(path: Path) -> Iterator[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        found.extend((f"{name}@{key}", _plain(value)) for key, value in item.attrs.items())
        if isinstance(item, h5py.Dataset):
            flat = np.asarray(item[()]).ravel()
            found.extend((f"{name}[{i}]", _plain(value)) for i, value in enumerate(flat.tolist()))

    with h5py.File(path) as file:
        file.visititems(visit)
        found.extend((f"@{key}", _plain(value)) for key, value in file.attrs.items())
    yield from found


READERS = {
    ".json": _json,
    ".csv": _csv,
    ".extxyz": _words,
    ".dat": _words,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".yaml": _yaml,
}


def _plain(value: object) -> Value:
    """Return a number as float, nothing as None, all else as text."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    if isinstance(value, bytes):
        value = value.decode()
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value) or None


def equal(one: Value, other: Value) -> bool:
    """Say whether two values are the same, to the last bit; NaN equals NaN and null."""
    nothing = [x is None or (isinstance(x, float) and math.isnan(x)) for x in (one, other)]
    return all(nothing) or (not any(nothing) and one == other)


def renamed_place(renamed: Mapping, path: str, place: str, value: Value) -> str:
    """Return the name that a place in a file of before has now, where a word's may be another."""
    for entry in renamed["split"] if isinstance(value, str) else ():
        if re.fullmatch(entry["file"], path):
            place = re.sub(rf"(^|\.){entry['number']}$", rf"\g<1>{entry['word']}", place)
    for entry in renamed["keys"]:
        if re.fullmatch(entry["file"], path):
            place = re.sub(rf"(^|\.){entry['old']}($|\.)", rf"\g<1>{entry['new']}\g<2>", place)
    return place


def renamed_word(renamed: Mapping, path: str, place: str, value: Value) -> Value:
    """Return what a word of before is called now."""
    for entry in renamed["words"]:
        at = re.fullmatch(entry["file"], path) and re.search(entry["key"], place)
        if at and isinstance(value, str):
            value = re.sub(entry["old"], entry["new"], value)
    return value


def compare(before: Path, after: Path, renamed: Mapping) -> tuple[dict[str, int], list[str]]:
    """Return the number of values compared by kind of file, and every difference as a line."""
    compared: dict[str, int] = {}
    found: list[str] = []
    old = {str(p.relative_to(before)): p for p in sorted(before.rglob("*")) if _counts(p, before)}
    new = {str(p.relative_to(after)): p for p in sorted(after.rglob("*")) if _counts(p, after)}
    now = {_renamed_file(renamed, name): name for name in old}
    found += [f"{name} is gone" for name in now.keys() - new.keys()]
    found += [f"{name} is new" for name in new.keys() - now.keys()]
    for name in sorted(now.keys() & new.keys()):
        if any(re.fullmatch(pattern, name) for pattern in renamed["measured_anew"]["files"]):
            continue
        values = {
            renamed_place(renamed, name, place, value): value
            for place, value in values_of(old[now[name]])
        }
        others = dict(values_of(new[name]))
        for place in dict.fromkeys([*values, *others]):
            if _measured_anew(renamed, name, place, others):
                continue
            one = renamed_word(renamed, name, place, values.get(place))
            if not equal(one, others.get(place)):
                found.append(f"{name}: {place}: {one} before, {others.get(place)} after")
            compared[Path(name).suffix] = compared.get(Path(name).suffix, 0) + 1
    return compared, found


def _counts(path: Path, folder: Path) -> bool:
    name = str(path.relative_to(folder))
    return path.suffix in READERS and not name.startswith(LEFT_OUT)


def _renamed_file(renamed: Mapping, name: str) -> str:
    for entry in renamed["files"]:
        name = re.sub(f"^{entry['old']}$", entry["new"], name)
    return name


def _measured_anew(renamed: Mapping, name: str, place: str, values: Mapping[str, Value]) -> bool:
    """Say whether a value is a time or a version, in a file or in a row about them."""
    for entry in renamed["measured_anew"]["keys"]:
        if re.fullmatch(entry["file"], name) and re.search(entry["key"], place):
            row = place.partition(".")[0]
            if all(values.get(f"{row}.{k}") == v for k, v in entry.get("rows", {}).items()):
                return True
    return False


def main(arguments: Sequence[str]) -> int:
    """Print what was compared and what differs; return 1 if anything does."""
    before, after = map(Path, arguments)
    renamed = yaml.safe_load(RENAMED.read_text(encoding="utf-8"))
    compared, found = compare(before, after, renamed)
    counts = ", ".join(f"{count} in {suffix}" for suffix, count in sorted(compared.items()))
    print(f"compared {sum(compared.values())} values: {counts or 'no file'}")
    print("\n".join(found[:SHOWN]))
    print(f"{len(found)} differences" if found else "all are equal")
    return int(bool(found) or not compared)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
