"""A run of another program is taken under a name of the study if it is that run."""

import numpy as np
import pytest
from ase import units
from ase.io import write
from springs import SETTINGS, make_stack
from study import GRAPHENE, HEIGHT, TI2CO2
from vibrating import vibrating, without_momenta

from anodeflow.errors import ConfigError, TrajectoryError
from anodeflow.import_trajectory import main
from anodeflow.stages.dynamics.importing import take_run
from anodeflow.stages.dynamics.trajectory import read_trajectory
from anodeflow.structures import roles
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.study.imported_run import require_named_run
from anodeflow.study.loading import read_config
from anodeflow.study.plan import Plan

INTERVAL_FS = 50.0


@pytest.fixture(scope="module")
def plan(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return Plan(read_config(None))


def frames_with(*, ions=1, temperature=300.0, bare=False, count=60, top=5):
    """Return frames with momenta drawn anew for each; Na in any hollow."""
    rng, frames = np.random.default_rng(2), []
    for _ in range(count):
        frame = make_stack(bottom=4, top=top, ions=ions)
        frame.positions[roles.ions(frame)] += np.arange(ions)[:, None] * [0.0, 0.6, 0.0]
        frame.positions += 0.02 * rng.standard_normal((len(frame), 3))
        spread = np.sqrt(frame.get_masses()[:, None] * units.kB * temperature)
        frame.set_momenta(spread * rng.standard_normal((len(frame), 3)))
        frames.append(frame)
    return without_momenta(frames) if bare else frames


def taken(frames, *, equilibration_ps=0.0, **options):
    about = {"interval_fs": INTERVAL_FS, "equilibration_ps": equilibration_ps}
    about |= {"temperature": None, "stability": SETTINGS["stability"]}
    return take_run(frames, **about | options)


def test_a_run_that_is_what_its_name_says_is_taken(plan):
    for bare in (True, False):
        run = taken(frames_with(bare=bare))
        assert require_named_run("m-g_1na_300K_4", run, plan, told=300.0) == ""
    run = taken(frames_with(ions=8))
    assert require_named_run("m-g_8na_300K_0", run, plan, told=None) == ""
    run = taken(frames_with(ions=0))
    assert require_named_run("m-g_0na_300K_0", run, plan, told=None) == ""


@pytest.mark.parametrize(("held", "named"), [(8, 1), (1, 8), (0, 1), (1, 0)])
def test_another_number_of_ions_is_refused(plan, held, named):
    told = f"{held} Na" if held else "no ion"
    with pytest.raises(
        TrajectoryError, match=f"is a run with {named} Na and the frames hold {told}"
    ):
        require_named_run(f"m-g_{named}na_300K_0", taken(frames_with(ions=held)), plan, told=None)


def test_another_supercell_is_refused_with_the_atoms_of_each(plan):
    run = taken(frames_with(top=4))
    with pytest.raises(TrajectoryError, match=r"is graphene, with 50 C .* has 32 C \(tag 10\)"):
        require_named_run("m-g_1na_300K_0", run, plan, told=None)


def test_another_element_is_refused(plan):
    frames = frames_with(bare=True)
    for frame in frames:
        frame.symbols[roles.ions(frame)] = "Li"
    with pytest.raises(TrajectoryError, match="with 1 Na and the frames hold 1 Li"):
        require_named_run("m-g_1na_300K_0", taken(frames), plan, told=None)


def test_another_temperature_is_refused_where_fluctuation_does_not_explain_it(plan):
    for temperature in (200.0, 360.0, 450.0):
        run = taken(frames_with(temperature=temperature))
        with pytest.raises(TrajectoryError, match=r"at 300 K and the momenta have \d+ ± \d+ K"):
            require_named_run("m-g_1na_300K_0", run, plan, told=None)
    for temperature in (290.0, 310.0):
        run = taken(frames_with(temperature=temperature))
        assert not require_named_run("m-g_1na_300K_0", run, plan, told=None)
    few = taken(frames_with(temperature=320.0, count=3))  # one sample is known to 22 K
    assert not require_named_run("m-g_1na_300K_0", few, plan, told=None)
    with pytest.raises(TrajectoryError, match="at 300 K and --temperature is 400"):
        require_named_run("m-g_1na_300K_0", few, plan, told=400.0)


def test_the_temperature_is_that_of_the_production(plan):
    hot, right = frames_with(temperature=900.0, count=20), frames_with()
    run = taken(hot + right[20:], equilibration_ps=1.0)
    assert not require_named_run("m-g_1na_300K_0", run, plan, told=None)
    run = taken(hot + right[20:])
    with pytest.raises(TrajectoryError, match="the momenta have"):
        require_named_run("m-g_1na_300K_0", run, plan, told=None)


def stack_of(group):
    top = {"builder": "functionalised", "base": "graphene", "group": group, "carrier": "middle"}
    sheet = build_layer(top, cell_height=HEIGHT, base=GRAPHENE)
    about = {"strained": "top", "spacing": 3.9, "registry": [0.0, 0.0], "strain_limit": 0.03}
    bottom = build_layer(TI2CO2, cell_height=HEIGHT)
    stack = stack_layers(bottom, sheet, cell_height=HEIGHT, **about)
    return fill_ions(stack, element="Na", count=1, spacing=4.3)


@pytest.mark.parametrize("group", ["epoxide", "hydroxyl"])
def test_another_stack_is_refused(plan, group):
    frames = [stack_of(group), stack_of(group)]
    frames[1].positions[-1] += 0.1
    named = {"epoxide": "m-go_1na_300K_0", "hydroxyl": "m-goh_1na_300K_0"}
    assert not require_named_run(named.pop(group), taken(frames), plan, told=None)
    for other in (*named.values(), "m-g_1na_300K_0"):
        with pytest.raises(TrajectoryError, match=r"The top layer of .* name the file after"):
            require_named_run(other, taken(frames), plan, told=None)


def test_a_bottom_layer_of_other_elements_is_refused(plan):
    frames = frames_with(bare=True)
    for frame in frames:
        frame.symbols[frame.symbols == "Ti"] = "V"
    with pytest.raises(
        TrajectoryError, match=r"bottom layer .* ti2co2, with 32 Ti .* has 32 V \(tag 0\)"
    ):
        require_named_run("m-g_1na_300K_0", taken(frames), plan, told=None)


def test_a_name_that_the_study_does_not_have_is_refused_and_one_of_no_run_is_told(plan):
    run = taken(frames_with())
    for name in ("m-g_1na_400K_0", "m-g_3na_300K_0", "m-x_1na_300K_0"):
        with pytest.raises(ConfigError, match=f"no run of this study is named '{name}'"):
            require_named_run(name, run, plan, told=None)
    for name in ("out", "m-g", "m-g_1na"):
        assert "compared with none" in require_named_run(name, run, plan, told=None)


def write_frames(path, frames):
    write(path, frames)
    return str(path)


def test_the_command_writes_a_run_and_says_what_is_not_checked(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(root)
    path = write_frames(tmp_path / "frames.traj", vibrating(interval_fs=5.0, count=20))
    output = tmp_path / "new" / "run.h5"
    main([path, str(output), "--interval-fs", "5", "--temperature", "300", "--model", "mine"])
    read = read_trajectory(output)
    assert read.stable and read.model == "mine" and read.settings["temperature"] == 300.0
    assert len(read.spacing) == 20
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{output}: 'run' is not how a study names its runs")


def test_the_command_takes_the_limits_of_the_study(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(root)
    frames = vibrating(interval_fs=5.0, count=20)
    for frame in frames[5:]:
        frame.positions[roles.top(frame), 2] += 3.0  # below the study's 8 Å
    path, output = write_frames(tmp_path / "frames.traj", frames), tmp_path / "run.h5"
    config = tmp_path / "strict.yaml"
    config.write_text("dynamics: {stability: {max_spacing: 5.0}}")
    main([path, str(output), "--interval-fs", "5", "--config", str(config)])
    assert "limit 5 Å" in read_trajectory(output).reason
    assert "it ends at frame 5 of 19: the sheet detached" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--interval-fs", "-5"], "--interval-fs is -5"),
        (["--interval-fs", "9"], "The momenta say 5 fs"),
        (["--interval-fs", "5", "--elements", "Ti,C"], "leave --elements out"),
        (["--interval-fs", "5", "--elements", "Ti,Xx"], "'Xx', which is no element"),
        (["--interval-fs", "5", "--ion", "K"], "--ion names K"),
        (["--interval-fs", "5", "--config", "no.yaml"], "no.yaml cannot be read"),
    ],
)
def test_the_command_refuses_in_a_sentence_and_writes_nothing(
    root, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(root)
    path = write_frames(tmp_path / "frames.traj", vibrating(interval_fs=5.0, count=20))
    output = tmp_path / "new" / "m-g_1na_300K_0.h5"
    with pytest.raises(SystemExit, match=f"error: .*{said}"):
        main([path, str(output), *arguments])
    assert not output.parent.exists()
    with pytest.raises(SystemExit, match=r"error: .*missing\.traj cannot be read"):
        main([str(tmp_path / "missing.traj"), str(output), "--interval-fs", "5"])
