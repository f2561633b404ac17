"""The study's layers as plain settings, for tests that build structures from them."""

HEIGHT = 40.0
TI2CO2 = {
    "builder": "mxene",
    "metal": "Ti",
    "x": "C",
    "termination": "O",
    "n": 1,
    "lattice": 3.03,
    "metal_x_height": 1.313,
    "metal_termination_height": 0.919,
    "site": "fcc",
    "size": [4, 4],
}
GRAPHENE = {
    "builder": "honeycomb",
    "elements": ["C", "C"],
    "lattice": 2.46,
    "buckling": 0.0,
    "size": [5, 5],
}
