"""The hash of weights held to its pin, or to the record of their first use.

A record is pending from the first download until the gate has evaluated that very file
(`trust_evaluated`); another file of the same source takes its place until then, and never after.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anodeflow.errors import WeightsError
from anodeflow.files.atomic import write_json
from anodeflow.files.locks import exclusive
from anodeflow.models.weights.card import WeightsCard


def lock_of(weights: Path | str) -> Path:
    """Return the lock file of weights, which stands beside them."""
    return Path(weights).with_name("weights.lock.json")


def hash_file(path: Path) -> str:
    """Return the sha256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_known_hash(
    *, sha256: str, size_bytes: int, source: str | None, pin: str | None, lock: Path
) -> None:
    """Compare a hash with the pin, else with the lock file's record, which a first use writes.

    A hash that differs from a pending record takes its place, which is said.

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
        known = records.get(source)
        if known and sha256 == known["sha256"]:
            return
        if known and not known.get("pending"):
            raise WeightsError(
                f"The weights from {source} have sha256 {sha256}, but {lock} recorded "
                f"{known['sha256']} on {known['first_used']}; they have changed since, so pin the "
                "sha256 you trust in the model's entry, or delete the record."
            )
        if known:
            print(
                f"The weights from {source} have sha256 {sha256}, those of {known['first_used']} "
                f"had {known['sha256']} and were never evaluated: these take their place."
            )
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        record = {"sha256": sha256, "size": size_bytes, "first_used": today, "pending": True}
        write_json(lock, dict(sorted((records | {source: record}).items())))


def trust_evaluated(card: WeightsCard, lock: Path) -> None:
    """Hold to the hash of weights that were evaluated, if their record is pending.

    The record of another hash stays as it is: this source has given another file since.

    Raises:
        WeightsError: the lock file is damaged.
    """
    if not _is_pending(card, _read_lock(lock)):
        return
    with exclusive(lock):
        records = _read_lock(lock)
        if _is_pending(card, records):
            del records[str(card.source)]["pending"]
            write_json(lock, records)


def _is_pending(card: WeightsCard, records: Mapping[str, Mapping[str, Any]]) -> bool:
    record = records.get(str(card.source), {})
    return bool(record.get("pending")) and record["sha256"] == card.sha256


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
