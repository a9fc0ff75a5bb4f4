"""Digests of files, values, tables and code: what results are named and keyed by.

In: a file, a JSON-able value, a pyarrow table, or a module of ours. Out: a sha256, hexadecimal, that follows content
alone: not places, dates, processes, chunks of a table, nor comments and docstrings. Knows nothing of stores.
"""

import ast
import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

DECLARING = {"tasks", "tasks.errors", "tasks.params", "tasks.schemas"}
"""Modules and packages that declare and compute nothing: a block or table added there makes no other result stale."""


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """sha256 of a JSON-able value in canonical form (sorted keys, no spaces)."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def table_digest(table: pa.Table) -> str:
    """sha256 of a table's columns and rows, whatever its chunks, metadata and the bytes under its nulls."""
    plain = table.replace_schema_metadata().cast(pa.schema((f.name, _plain(f.type)) for f in table.schema))
    plain = plain.combine_chunks().take(np.arange(table.num_rows))  # copies the rows without their neighbours' bits
    hasher = hashlib.sha256()
    with pa.ipc.new_stream(_Hashing(hasher), plain.schema) as stream:
        stream.write_table(plain)
    return hasher.hexdigest()


def _plain(type_: pa.DataType) -> pa.DataType:
    """The type with lists' items called alike: Parquet renames them."""
    return pa.list_(_plain(type_.value_type)) if pa.types.is_list(type_) else type_


class _Hashing:
    """A file that keeps nothing but the hash of what is written to it."""

    closed = False

    def __init__(self, hasher: "hashlib._Hash") -> None:
        self.hasher = hasher

    def write(self, data: Any) -> int:
        self.hasher.update(data)
        return len(data)

    def flush(self) -> None: ...


def modules_of(module: ModuleType) -> dict[str, Path]:
    """The module and everything of ours (package `tasks`) that it imports, transitively: name to file."""
    found: dict[str, Path] = {}
    wanted = [module.__name__]
    while wanted:
        name = wanted.pop()
        path = source_of(name)
        if name not in found and path is not None:
            found[name] = path
            wanted += imports_of(path)
    return dict(sorted(found.items()))


def source_of(name: str) -> Path | None:
    """The file of a module of ours, None where the name is something else (a function, a package of others)."""
    if name.split(".")[0] != "tasks":
        return None
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


def imports_of(path: Path) -> list[str]:
    """Every dotted name a source file imports, `from a import b` giving both a and a.b."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def code_digest(module: ModuleType) -> str:
    """Digest of the code that computes: `modules_of` as parsed, comments and docstrings left out.

    Without the modules that only declare: the numbers and the schema that matter stand in the key themselves.
    """
    found = modules_of(module).items()
    return digest({name: _without_prose(path) for name, path in found if not _declares(name)})


def _declares(name: str) -> bool:
    return name in DECLARING or name.rpartition(".")[0] in DECLARING - {"tasks"}


def _without_prose(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_prose(statement)]
    return ast.dump(tree)


def _is_prose(statement: ast.stmt) -> bool:
    """Whether a statement is a bare string: the docstring of a module, class, function or constant."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
