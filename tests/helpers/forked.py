"""A Python for the workflows of tests whose processes are forked, their libraries imported before.

A job spends seconds on importing torch, MACE and Snakemake, and a test's workflow has a hundred
jobs. `forked_python` is a command that takes what `python` takes; Snakemake, its scripts and pytest
run in processes forked from a server that has imported the libraries and this checkout's own
modules, which a run of another checkout forgets. All else, every process of tests/slurm and
tests/browser, and every run that is killed or interrupted, starts anew.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from offline import OFFLINE, leave_network

LIBRARIES = (
    *("torch", "mace.calculators.mace", "ase.io", "ase.optimize", "ase.mep", "pandas", "h5py"),
    *("scipy.interpolate", "scipy.optimize", "scipy.stats", "matplotlib.backends.backend_agg"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_pdf", "fontTools.subset", "PIL.Image"),
    *("phonopy", "symfc", "pydantic", "yaml", "smart_open"),
    *("snakemake.cli", "snakemake.script", "nbformat", "torch_dftd.torch_dftd3_calculator"),
)
ROOT = Path(__file__).parents[2]
FORKED_BY = "FORKED_BY"
DIED = 137
"""Exit status of a process that ended without one, as after SIGKILL."""

CLIENT = """\
#!{python} -IS
import json, os, socket, sys
module = sys.argv[2:3] if sys.argv[1] == "-m" else []
script = ".snakemake/scripts/" in sys.argv[1]
# A calculator that is served is given a socket, which the server has not.
script |= sys.argv[1].endswith("/calculator_process.py") and len(os.listdir("/proc/self/fd")) == 4
if not script and module not in (["snakemake"], ["pytest"]):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = [sys.argv[0], sys.argv[1:], os.getcwd(), dict(os.environ)]
socket.send_fds(server, [b"fds"], [0, 1, 2])
server.sendall(json.dumps(request).encode() + b"\\n")
sys.exit(int(server.makefile().read() or {died}))
"""


@functools.cache
def forked_python() -> str:
    """Return the command; its server starts with the first call and ends with this process.

    In a process that is forked itself, or is a worker of pytest's, the command is the one that it
    was started by.
    """
    if FORKED_BY in os.environ:
        return os.environ[FORKED_BY]
    folder = tempfile.TemporaryDirectory(prefix="forked")
    atexit.register(folder.cleanup)
    address, command = f"{folder.name}/socket", Path(folder.name) / "python"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    command.write_text(CLIENT.format(python=sys.executable, address=address, died=DIED))
    command.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, str(listener.fileno())],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        pass_fds=[listener.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    listener.close()
    atexit.register(server.communicate)  # closes its input, on which it ends
    return str(command)


def serve(listener: socket.socket) -> None:
    """Import the libraries, then fork a process for every client until the input closes."""
    before = dict(os.environ)
    with warnings.catch_warnings(action="ignore"):
        for library in LIBRARIES:
            importlib.import_module(library)
        sys.path[0] = str(ROOT / "src")
        for own in _own_modules():
            importlib.import_module(own)
        importlib.import_module("snakemake.cli").get_argument_parser()  # looks for plugins
    gc.freeze()  # what is imported is looked through for garbage by no process that is forked
    # MACE switches off a guard of torch's, by which its own weights would not load.
    set_by_libraries = {key: value for key, value in os.environ.items() if key not in before}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended processes leave nothing to wait for
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _run(client, set_by_libraries)
        client.close()


def _own_modules() -> list[str]:
    """Return this checkout's modules, without those that run what they are when imported."""
    files = [path.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("*.py")]
    return [".".join(path.with_suffix("").parts) for path in files if "child" not in path.parts]


def _run(client: socket.socket, set_by_libraries: dict[str, str]) -> None:
    """Become the process that a client asked for, tell the client how it ended, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(client, 3, 3)
    sys.executable, arguments, folder, environment = json.loads(client.makefile().readline())
    for own, given in enumerate(streams):
        os.dup2(given, own)
        os.close(given)
    if OFFLINE in environment:
        leave_network()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(set_by_libraries | environment | {FORKED_BY: sys.executable})
    given = [*filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    module = arguments[0] == "-m"
    sys.argv = arguments[module:]
    _forget_modules_of_another(_library(arguments, given))
    sys.path[:1] = [folder if module else os.path.dirname(arguments[0]), *given]
    status = _status_of(lambda: _start(module))
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    client.sendall(str(status).encode())
    os._exit(status)


def _library(arguments: list[str], searched: list[str]) -> Path:
    """Return the folder of the library of a run: beside its Snakefile, or first on its path."""
    if "-s" in arguments:
        return Path(arguments[arguments.index("-s") + 1]).resolve().parent / "src"
    return Path(searched[0]) if searched else Path()


def _forget_modules_of_another(library: Path) -> None:
    """Drop this checkout's modules where the library is another one."""
    if library != ROOT / "src":
        for name in [name for name in sys.modules if name.partition(".")[0] == "anodeflow"]:
            del sys.modules[name]


def _start(module: bool) -> None:
    if module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def _status_of(run: Callable[[], None]) -> int:
    """Run, and return the exit status that Python would give."""
    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
