"""The benchmark of a GPU, run where there is none: that it measures, not what."""

import gpu
import pytest
import yaml
from figures import ROOT, WEIGHTS

from anodeflow.models.dispersion import load_dispersion


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of MACE's and torch-dftd's own calculators
def test_the_benchmark_of_a_gpu_measures_one_run_and_several(monkeypatch):
    # Short cutoffs, since torch-dftd is slow on a CPU.
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())["dispersion"]
    short = config | {"pair_cutoff_bohr": 10.0, "coordination_cutoff_bohr": 10.0}
    monkeypatch.setattr(
        "anodeflow.models.loading.load_dispersion",
        lambda settings, **options: load_dispersion(short, **options),
    )
    monkeypatch.setattr(gpu, "WARM_UP", 1)
    monkeypatch.setattr(gpu, "CALLS", 1)
    figures = list(gpu.measure([WEIGHTS], device="cpu", members=(1, 3), steps=2))
    assert all(figure.value > 0 for figure in figures if "beside" not in figure.name)
    names = [figure.name.partition(": ")[2] for figure in figures]
    assert {f"{count} together, steps per second" for count in (1, 3)} < set(names)
