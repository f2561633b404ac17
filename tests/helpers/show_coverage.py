"""Show which lines of the library and of its scripts no test ran.

coverage.py measures every Python that the tests start. Snakemake runs a copy of a script,
`tmpXXXXXXXX.NAME.py`, with lines of its own before it, and deletes it: what such copies ran is
counted for the script. Likewise what ran in copies of the checkout, which recipes make.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

import coverage
from places import ROOT

SCRIPT = re.compile(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py$")
LIBRARY = re.compile(r"src/anodeflow/.*\.py$")
PREAMBLE = 3
"""Lines that Snakemake writes before a script."""


def at_home(lines: dict[str, list[int]], root: Path) -> dict[str, set[int]]:
    """Return the lines that ran by the files of the checkout whose copies they were in.

    Args:
        lines: the lines that ran, by the path of the file.
        root: the checkout.
    """
    ran: dict[str, set[int]] = defaultdict(set)
    for path, numbers in lines.items():
        if script := SCRIPT.search(path):
            home, above = root / f"workflow/scripts/{script[1]}.py", PREAMBLE
        elif library := LIBRARY.search(path):
            home, above = root / library[0], 0
        else:
            continue
        if home.exists():  # recipes add files of their own
            ran[str(home)] |= {number - above for number in numbers if number > above}
    return ran


def main() -> None:
    """Combine what all processes measured, print the report, and fail below the limit."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.combine()
    data = measured.get_data()
    lines = {path: data.lines(path) or [] for path in data.measured_files()}
    data.erase()
    data.add_lines(at_home(lines, ROOT))
    own = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow/scripts").glob("*.py")]
    data.touch_files(map(str, own))  # a file that nothing imports counts, too
    reached = measured.report(show_missing=True, skip_covered=True)
    limit = measured.get_option("report:fail_under")
    print(f"coverage of {len(own)} files: {reached:.2f} %, at least {limit} % is asked for")
    sys.exit(reached < limit)


if __name__ == "__main__":
    main()
