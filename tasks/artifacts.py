"""The content-addressed store of Parquet results, and the digests that name them. The only cache there is.

In: a key that says everything a result depends on, and the result as a checked table. Out: a reference
(digest, rows, size) that finds it again. Layout under the store's root:

    objects/ab/ab12....parquet   results by the sha256 of their bytes
    references/STAGE/KEY.json    which object a key has; relative, so a moved checkout still finds it

A kill at any moment leaves a whole file or none. A missing or damaged object makes its key unknown again.
Knows nothing of stages, buckets or orchestrators.
"""

import ast
import hashlib
import importlib.util
import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from tasks import tables
from tasks.tables import Schema

DECLARING = ("tasks", "tasks.errors", "tasks.params", "tasks.schemas")
"""Modules that declare and compute nothing: a block or table added there makes no other result stale."""


class Reference(BaseModel):
    """Where a result lies and how to know that it is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str
    rows: int
    refused: int
    size: int


class Store:
    """A folder of results. Safe to share between processes, and to delete: everything in it can be made again."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def lookup(self, stage: str, key: str) -> Reference | None:
        """The key's reference if its object is there and whole (size and digest), else None."""
        try:
            reference = Reference.model_validate_json(self._record(stage, key).read_bytes())
        except (OSError, ValidationError):
            return None
        path = self.path(reference)
        try:
            whole = path.stat().st_size == reference.size and file_digest(path) == reference.sha256
        except OSError:
            return None
        return reference if whole else None

    def put(self, stage: str, key: str, table: pa.Table, schema: Schema, *, provenance: Mapping[str, Any]) -> Reference:
        """Store a checked table under its key. OSError names the path when the disk is full."""
        staged = self.root / "staging" / f"{uuid.uuid4().hex}.parquet"
        tables.write(table, staged, schema, provenance=provenance)
        refused = table.num_rows - table["reason"].null_count if "reason" in table.column_names else 0
        size, sha256 = staged.stat().st_size, file_digest(staged)
        reference = Reference(sha256=sha256, rows=table.num_rows, refused=refused, size=size)
        self.path(reference).parent.mkdir(parents=True, exist_ok=True)
        staged.replace(self.path(reference))
        with tables.replacing(self._record(stage, key)) as temporary:
            temporary.write_text(reference.model_dump_json())
        return reference

    def path(self, reference: Reference) -> Path:
        """The object's file."""
        return self.root / "objects" / reference.sha256[:2] / f"{reference.sha256}.parquet"

    def copy(self, reference: Reference, target: Path) -> None:
        """Put a copy of the object at `target`, whole or not at all."""
        with tables.replacing(target) as temporary:
            shutil.copyfile(self.path(reference), temporary)

    def _record(self, stage: str, key: str) -> Path:
        return self.root / "references" / stage / f"{key}.json"


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
    return digest({name: _without_prose(path) for name, path in modules_of(module).items() if name not in DECLARING})


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
