"""Facts about families of models: how each is opened, in which precision, and where."""

# Families that ASE opens as any calculator: module:name, and what it is called with.
ENTRIES = {
    "sevennet": (
        "sevenn.calculator:SevenNetCalculator",
        {"model": "{weights}", "device": "{device}"},
    ),
}


FLOAT32_ONLY = {"chgnet": "CHGNet", "sevennet": "SevenNet"}


IN_AN_ENVIRONMENT = ("sevennet", "custom")


PLAIN_ENTRIES = ENTRIES | {
    "mace": (
        "mace.calculators:MACECalculator",
        {"model_paths": "{weights}", "device": "{device}", "default_dtype": "{dtype}"},
    ),
    # CHGNet's own from_file does not read CHGNet 0.2.0.
    "chgnet": (
        "anodeflow.models.chgnet:load_chgnet",
        {"weights": "{weights}", "device": "{device}", "dtype": "{dtype}"},
    ),
}

# Files of weights that come with a package: family, package, and its files by their names.
PACKAGED = {
    "chgnet": (
        "chgnet",
        {
            "0.3.0": "pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
            "0.2.0": "pretrained/0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar",
            "r2scan": "pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
        },
    ),
    "sevennet": (
        "sevenn",
        {
            "7net-0": "pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
            "7net-l3i5": "pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth",
        },
    ),
}
