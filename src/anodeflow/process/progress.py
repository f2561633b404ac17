"""Progress of long work: a bar on a terminal, sparse plain lines in a log file."""

import sys
import time
from types import TracebackType
from typing import Any

from tqdm import tqdm

LINE_INTERVAL_S = 30.0


class Progress:
    """Report how much of `total` is done, how fast it goes and how long the rest takes.

    The terminal gets a tqdm bar; where stderr leads elsewhere, into a log file, that gets a plain
    line at most every 30 s and one at the end. A job may well have both. `total` None means
    unknown; `unit` "B" scales to kB, MB.
    """

    def __init__(self, total: float | None, *, label: str, unit: str = "steps"):
        self.total = total
        self.label = label
        self.unit = unit
        self.done = 0.0
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> "Progress":
        self._start = self._last_line = time.monotonic()
        self._lines = not sys.stderr.isatty()
        terminal = sys.__stderr__ if self._lines else sys.stderr
        if terminal is not None and terminal.isatty():
            self._bar = tqdm(
                total=self.total,
                desc=self.label,
                unit=self.unit if self.unit == "B" else f" {self.unit}",
                unit_scale=self.unit == "B",
                file=terminal,
                leave=False,
            )
        return self

    def update(self, n: float = 1) -> None:
        """Add `n`, in units of `unit`, to what is done."""
        self.done += n
        if self._bar is not None:
            self._bar.update(n)
        if self._lines and time.monotonic() - self._last_line >= LINE_INTERVAL_S:
            self._last_line = time.monotonic()
            print(self.line(), file=sys.stderr, flush=True)

    def expect(self, n: float) -> None:
        """Add `n`, in units of `unit`, to the total."""
        self.reach(self.done, (self.total or 0) + n)

    def reach(self, done: float, total: float) -> None:
        """Say that `done` of `total` units is done, where the total is known only on the way."""
        self.total = total
        if self._bar is not None:
            self._bar.total = total
        self.update(done - self.done)

    def line(self) -> str:
        """Return the plain line: done, elapsed, rate and time left."""
        elapsed = time.monotonic() - self._start
        rate = self.done / elapsed if elapsed > 0 else 0.0
        done = self._amount(self.done)
        if self.total:
            done = f"{done}/{self._amount(self.total)}"
        line = f"{self.label}: {done}{'' if self.unit == 'B' else ' '}{self.unit}"
        if self.total:
            line += f" ({100 * self.done / self.total:.0f} %)"
        line += f", {tqdm.format_interval(elapsed)} elapsed"
        if rate > 0:
            line += f", {self._rate(rate)}"
        if rate > 0 and self.total and self.total > self.done:
            line += f", {tqdm.format_interval((self.total - self.done) / rate)} left"
        return line

    def _amount(self, value: float) -> str:
        return tqdm.format_sizeof(value) if self.unit == "B" else f"{value:.10g}"

    def _rate(self, rate: float) -> str:
        if self.unit == "B":
            return f"{tqdm.format_sizeof(rate)}B/s"
        return f"{rate:.1f} {self.unit}/s" if rate >= 10 else f"{rate:.3g} {self.unit}/s"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._lines:
            state = "done" if kind is None else "stopped"
            print(f"{self.line()}, {state}", file=sys.stderr, flush=True)
