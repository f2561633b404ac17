"""The command that tells what the workflow makes of a structure: its words against other means."""

import ase.io
import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import graphene, mx2
from PIL import Image
from snakemake.utils import update_config

from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.stiffness import stiffnesses
from anodeflow.study.loading import load_config
from anodeflow.suggest import main

HEIGHT = 40.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder in which the command is started, with MoS2 and graphene in files."""
    monkeypatch.chdir(tmp_path)
    for name, layer in {"MoS2": mx2(vacuum=10), "my sheet": graphene(vacuum=10)}.items():
        layer.pbc = True
        ase.io.write(tmp_path / f"{name}.vasp", layer, sort=False)
    return tmp_path


def mirrored(atoms: Atoms) -> Atoms:
    """Return atoms turned by 180° about x."""
    turned = atoms.copy()
    turned.positions *= [1, -1, -1]
    turned.set_cell((atoms.cell.array * [[1, -1, 0], [1, -1, 0], [0, 0, 1]])[[1, 0, 2]])
    turned.wrap()
    return turned


def stack_of(config: dict, name: str) -> Atoms:
    """Build a stack of a configuration, as the workflow's scripts do."""
    structures = config["structures"]
    layers, stack = structures["layers"], structures["stacks"][name]
    ends = [
        build_layer(
            layers[stack[end]], cell_height=HEIGHT, base=layers.get(layers[stack[end]].get("base"))
        )
        for end in ("bottom", "top")
    ]
    how = {key: stack[key] for key in ("strained", "spacing", "registry")}
    how |= {
        "stiffnesses": stiffnesses(structures, name),
        "strain_limit": structures["strain_limit"],
    }
    return stack_layers(*ends, cell_height=HEIGHT, **how)


def told(capsys, *arguments: str) -> str:
    main(list(arguments))
    return capsys.readouterr().out


def test_a_layer_is_told_in_both_of_its_places(folder, capsys):
    said = told(capsys, "MoS2.vasp")
    below, above = said.split("As bottom: MoS2")[1].split("As top: MoS2")
    for part in (below, above):
        assert "orientation  as in the file" in part
        assert "a = 3.180, b = 3.180 Å, 120.0°" in part
        assert "layer group p-6m2 (78)" in part  # no. 78 of the International Tables, vol. E
        assert "3.190 Å from the lowest to the highest nucleus" in part  # thickness of ase's mx2
    bond = np.hypot(3.18 / np.sqrt(3), 3.19 / 2)
    assert f"{bond:.3f}                6  Mo–S" in below
    assert "3.190      1  S        facing termination" in below
    assert "1.595      1  Mo       metal" in below
    assert above.count("  sheet") == 3


def test_a_picture_is_drawn_beside_the_file_or_where_it_is_asked_for(folder, capsys):
    said = told(capsys, "MoS2.vasp") + told(capsys, "my sheet.vasp", "--picture", "seen.png")
    assert said.count("picture: ") == 2
    for name in ("MoS2.vasp.png", "seen.png"):
        with Image.open(folder / name) as picture:
            assert picture.size[0] > 500


def test_what_is_refused_is_told_beside_what_is_not(folder, capsys):
    said = told(capsys, "my sheet.vasp")
    assert "As top: C2" in said and "layer group p6/mmm (80)" in said
    assert "As bottom, refused: C2 is one flat plane of atoms" in said
    assert "stack" not in said


def test_a_stack_is_told_with_its_spacing_and_ions_and_that_it_was_turned_over(
    folder, study_config, capsys
):
    stack = stack_of(study_config, "m-go")
    stack.append("Na")
    stack.positions[-1] = [3.0, 3.0, stack.positions[stack.get_tags() == 3, 2].mean() + 1.75]
    stack.set_tags(0)
    ase.io.write("stack.xyz", mirrored(stack), format="extxyz")
    said = told(capsys, "stack.xyz")
    assert "As stack: C66NaO33Ti32" in said
    assert "orientation  turned over, by 180° about x" in said
    assert "spacing      3.500 Å" in said
    assert "      1  Na       ion" in said
    assert "     50  C        sheet, over 0.30 Å" in said  # two C of the epoxide are lifted


def test_layers_that_an_ion_without_its_name_joins_are_no_sheet_without_a_word(
    folder, study_config, capsys
):
    stack = stack_of(study_config, "m-g")
    facing = stack.positions[stack.get_tags() == 3]
    stack.append("Mg")  # bonded to O below it and to C above
    stack.positions[-1] = facing[0] + [0.0, 0.0, 1.75]
    stack.set_tags(0)
    ase.io.write("stack.vasp", stack)
    said = told(capsys, "stack.vasp")
    assert "As stack, refused: C66MgO32Ti32 without its ions (Na) has 1 bonded part," in said
    assert "name the ions (--ion Mg)" in said
    assert "As stack: C66MgO32Ti32" in told(capsys, "stack.vasp", "--ion", "Mg")


def test_a_file_that_is_nothing_of_the_workflow_ends_in_one_sentence(folder, capsys):
    ase.io.write("bulk.xyz", Atoms("NaCl", positions=[[0, 0, 0], [2.8, 0, 0]]), format="extxyz")
    with pytest.raises(SystemExit) as end:
        main(["bulk.xyz"])
    said = capsys.readouterr().out
    assert end.value.code == 1
    assert said.startswith("As stack or bottom or top, refused: ClNa has no cell in the plane")
    assert said.count("\n") == 1
    assert not list(folder.glob("*.png"))


def test_a_layer_of_the_configuration_is_told_with_its_group(folder, capsys):
    said = told(capsys, "graphene-o")
    assert "As the layer graphene-o: C50O" in said
    assert "2  C–O" in said


def test_the_lines_of_every_row_are_an_overlay_that_builds_the_told_cell(
    folder, capsys, study_config
):
    rows, limit = [], ("--strain-limit", "0.05")
    for row in (1, 4, 5):
        said = told(capsys, "ti2co2", "graphene-o", "--atoms", "80", *limit, "--row", str(row))
        table, lines = said.split(" for the configuration")
        config = yaml.safe_load(yaml.safe_dump(study_config))
        update_config(config, yaml.safe_load(lines.split("\n\n")[1]))
        (name,) = set(config["structures"]["stacks"]) - set(study_config["structures"]["stacks"])
        stack = stack_of(load_config(config).model_dump(mode="json"), name)
        cells = table.splitlines()[row + 1].split()
        assert len(stack) == int(cells[1]) + 1  # the epoxide
        assert stack.cell.lengths()[0] == pytest.approx(float(cells[2]), abs=5e-4)
        strains = [100 * stack.info[f"strain_{end}"] for end in ("bottom", "top")]
        assert strains == pytest.approx([float(cell) for cell in cells[4:6]], abs=5e-3)
        # Only strains above the configuration's own limit raise it.
        assert ("strain_limit" in lines) == (max(map(abs, strains)) > 3)
        rows.append(cells[3])
    assert len(set(rows)) == 3


def test_files_and_an_overlay_give_layers_and_limits(folder, capsys):
    (folder / "mine.yaml").write_text("structures: {strain_limit: 0.012}\n")
    said = told(capsys, "MoS2.vasp", "my sheet.vasp", "--config", "mine.yaml")
    strains = [
        float(line.split()[4]) for line in said.splitlines()[2:] if line[:3].strip().isdigit()
    ]
    assert strains and max(map(abs, strains)) <= 1.2
    assert "The energy needs `stiffness`" in said
    layers = yaml.safe_load(said.split("\n\n")[2])["structures"]["layers"]
    assert [layer["path"] for layer in layers.values()] == ["MoS2.vasp", "my sheet.vasp"]
    assert all(name.startswith(("mos2-", "my-sheet-")) for name in layers)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grafene"], "grafene is neither a file nor a layer .*did you mean 'graphene'"),
        (["ti2co2", "graphene", "--atoms", "20"], "no common hexagonal cell of at most 20 atoms"),
        (["ti2co2", "graphene", "--strain-limit", "-1"], "--strain-limit is -1: give a fraction"),
        (["ti2co2", "graphene", "--strain-limit", "3"], "--strain-limit is 3: give a fraction"),
        (["ti2co2", "graphene", "--strain-limit", "nan"], "--strain-limit is nan: give a fraction"),
        (["ti2co2", "graphene", "--atoms", "0"], "--atoms is 0: give a whole number from 1"),
        (["ti2co2", "graphene", "--row", "-2"], "--row is -2: give a whole number from 1"),
        (["my sheet.vasp", "--ion", "na"], r"'na', which is no element \(did you mean 'Na'"),
        (["my sheet.vasp", "--ion", "Na", "--ion", "mg"], r"did you mean 'Mg'\?\): write its sym"),
        (["my sheet.vasp", "--ion", "sodium"], "'sodium', which is no element"),
        (["my sheet.vasp", "--ion", "O"], "--ion names O, which is no metal"),
        (["ti2co2", "graphene", "--row", "99"], "--row is 99, and there are rows 1 to"),
        (["ti2co2", "graphene", "--config", "none.yaml"], "none.yaml cannot be read as a config"),
        (["graphene", "ti2co2"], "'graphene' cannot lie below: it has atoms with tag 10"),
        (["ti2co2", "graphene", "--strain-limit", "3"], "--strain-limit is 3: give a fraction"),
        (["ti2co2", "graphene", "--strain-limit", "-0.01"], "--strain-limit is -0.01: give a"),
        (["ti2co2", "graphene", "--strain-limit", "nan"], "--strain-limit is nan: give a fraction"),
        (["graphene", "--picture", "MoS2.vasp/a.png"], "picture MoS2.vasp/a.png cannot be written"),
        (
            ["my sheet.vasp", "my sheet.vasp"],
            "C2 is one flat plane of atoms and cannot be a bottom",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(folder, arguments, said):
    with pytest.raises(SystemExit, match=f"^error: .*{said}"):
        main(arguments)


def test_three_structures_are_too_many(folder, capsys):
    with pytest.raises(SystemExit):
        main(["graphene", "graphene", "graphene"])
    assert "one structure or two layers" in capsys.readouterr().err
