"""The hash of weights held to its pin, or to the record of the first download."""

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from anodeflow.errors import WeightsError
from anodeflow.files.atomic import write_json
from anodeflow.files.locks import exclusive


def hash_file(path: Path) -> str:
    """Return the sha256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_known_hash(
    *, sha256: str, size_bytes: int, source: str | None, pin: str | None, lock: Path
) -> None:
    """Compare a hash with the pin, else with the lock file's record, which a first use writes.

    Raises:
        WeightsError: it is another, or the lock file is damaged.
    """
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
    with exclusive(lock):
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


def _read_lock(lock: Path) -> dict[str, dict[str, Any]]:
    if not lock.exists():
        return {}
    try:
        records: dict[str, dict[str, Any]] = json.loads(lock.read_text())
        if all({"sha256", "first_used"} <= record.keys() for record in records.values()):
            return records
        raise ValueError("a record lacks sha256 or first_used")
    except (ValueError, AttributeError) as error:
        raise WeightsError(
            f"The lock file of weights {lock} is damaged ({error}); restore it from version "
            "control, or delete it to record the hashes anew."
        ) from error
