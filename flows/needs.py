"""What a stage imports: what every stage begins with, its own module, and what its flow imports once it runs.

In: a stage's name. Out: names of modules of ours; of a name that a function imports it is not said whether it is a
module. Reads the sources and imports nothing of a stage. Knows nothing of what stages do.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from flows import PROJECT
from flows.launch import modules_of

EVERY = ("flows.buckets.incremental", "flows.running.tracking", "tasks.params.problems")


def needs(stage: str) -> list[str]:
    """Names of modules, each once: the first ones are those that any stage needs."""
    name = stage.partition("@")[0]
    own = modules_of(name.partition("_")[0])
    later = [other for module in own for other in _within(PROJECT / f"{module.replace('.', '/')}.py", name)]
    return list(dict.fromkeys([*EVERY, *own, *later]))


def _within(file: Path, flow: str) -> list[str]:
    """What the flow's function imports in its body, and what the functions of its file do that it names."""
    return _functions(file, file.stat().st_mtime_ns).get(flow, [])


@lru_cache(maxsize=16)
def _functions(file: Path, changed: int) -> dict[str, list[str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {own.name: own for own in tree.body if isinstance(own, ast.FunctionDef)}
    found = {}
    for name in functions:
        seen, wanted = dict[str, ast.FunctionDef](), [name]
        while wanted:
            if (own := wanted.pop()) in functions and own not in seen:
                seen[own] = functions[own]
                wanted += [node.id for node in ast.walk(functions[own]) if isinstance(node, ast.Name)]
        found[name] = [module for own in seen.values() for module in _imports(own)]
    return found


def _imports(function: ast.FunctionDef) -> Iterator[str]:
    """Modules of ours that a function imports, `from a import b` giving both a and a.b."""
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("flows", "tasks"):
            yield from [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
