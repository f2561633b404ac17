"""Who imports whom in the library, read from its text."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx as nx

COMMANDS = ("schema", "definitions", "import_trajectory", "suggest", "testing")
ROOMS = (
    *(
        "errors",
        "units",
        "elements",
        "families",
        "config",
        "files",
        "process",
        "tables",
        "structures",
    ),
    *("models", "evaluation", "figures", "scorecard", "stages", "equivalence", "study", "report"),
    *COMMANDS,
)
"""Rooms from the bottom to the top, and the commands: each may import from those before it."""


def sources(package: Path) -> dict[str, Path]:
    """Return the file of every module and package below a package, by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules of the library that a file imports anywhere, but for type checkers."""
    found = set()
    for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules.keys()) or {node.module}
    return found & modules.keys()


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs: nothing below `if TYPE_CHECKING`."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _executed(child)


def imports(package: Path) -> nx.DiGraph:
    """Return the graph of imports between the files of a package."""
    modules = sources(package)
    graph = nx.DiGraph()
    graph.add_nodes_from(modules)
    graph.add_edges_from((m, n) for m, path in modules.items() for n in imported(path, modules))
    return graph


def room(module: str) -> str:
    """Return the room that a module lies in: a folder, or a file beside them."""
    return module.split(".")[1] if "." in module else ""


def upward(graph: nx.DiGraph) -> list[str]:
    """Return the imports that go from a room to one above it."""
    rank = {name: i for i, name in enumerate(ROOMS)}
    return [
        f"{m} imports {n}"
        for m, n in graph.edges
        if room(n) and rank[room(n)] > rank.get(room(m), -1)
    ]


def circles(graph: nx.DiGraph) -> list[list[str]]:
    """Return the sets of nodes that import each other."""
    alone = [[name] for name in nx.nodes_with_selfloops(graph)]
    return alone + [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1]


def folders(package: Path) -> nx.DiGraph:
    """Return the graph of imports between folders; a file beside them counts as one of its own."""
    modules, graph = sources(package), nx.DiGraph()

    def folder(module: str) -> str:
        inside = modules[module].parent.relative_to(package)
        return str(inside) if inside.parts else module

    edges = {(folder(m), folder(n)) for m, n in imports(package).edges}
    graph.add_edges_from((m, n) for m, n in edges if m != n)
    return graph
