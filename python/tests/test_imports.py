"""The files of the package import each other in one direction, so that each can be read after those that it names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, List, Set

import flowrun

FOLDER = Path(flowrun.__file__).parent


def imports(path: Path) -> Set[str]:
    """The files of the package that a file imports, for type checkers alone and within functions too."""
    found: Set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level == 1 or module.split(".")[0] == "flowrun":
                inner = module if node.level else module.partition(".")[2]
                found.update([inner] if inner else [name.name for name in node.names])
        elif isinstance(node, ast.Import):
            found.update(name.name.partition(".")[2] for name in node.names if name.name.startswith("flowrun."))
    return found


def test_no_file_imports_itself_through_others() -> None:
    graph: Dict[str, Set[str]] = {path.stem: imports(path) for path in FOLDER.glob("*.py")}
    assert graph["_map_worker"] >= {"_serve", "_map_caller"} and graph["__init__"] >= {"_serve"}
    circles: List[str] = []
    while graph:
        leaves = {name for name, others in graph.items() if not others & graph.keys()}
        if not leaves:
            circles = sorted(graph)
            break
        graph = {name: others for name, others in graph.items() if name not in leaves}
    assert circles == []
