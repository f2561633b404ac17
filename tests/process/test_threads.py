"""Threads: what is set is what the libraries use, in a fresh process."""

import subprocess
import sys

import pytest

IMPORTED_FIRST = (
    "import torch, numpy; from anodeflow.process.threads import set_threads; set_threads(1)"
)
IMPORTED_LAST = (
    "from anodeflow.process.threads import set_threads, limit_torch; set_threads(1);"
    "import torch; limit_torch()"
)


@pytest.mark.parametrize("script", [IMPORTED_FIRST, IMPORTED_LAST])
def test_torch_uses_the_threads_asked_for_whenever_it_is_imported(script):
    code = (
        f"{script}; import os; print(torch.get_num_threads(), torch.get_num_interop_threads(),"
        "*(os.environ[k + '_NUM_THREADS'] for k in ('OMP', 'MKL', 'OPENBLAS', 'NUMEXPR')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"] * 6


def test_setting_threads_does_not_import_torch():
    code = "import sys; from anodeflow.process.threads import set_threads; set_threads(1);"
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
