"""Every module that no stage imports is imported here: a benchmark whose names have moved would never start again."""

import importlib.util
from importlib import import_module
from pathlib import Path

import pytest

from flows import PROJECT

FOLDERS = ("bench", "tests", "docs")
OPTIONAL = {
    "dask": "the extra `cluster`",
    "distributed": "the extra `cluster`",
    "prefect_dask": "the extra `cluster`",
    "prefect_ray": "the extra `cluster`",
    "ray": "the extra `cluster`",
    "playwright": "the extra `dev`",
}
"""Packages that a machine may lack, and what brings them. Whatever else is missing is a fault."""
HOOK = "tests/audit/sitecustomize.py"
"""Acts as soon as it is imported, so it is only compiled."""
FILES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_imports(path: Path) -> None:
    name = str(path.relative_to(PROJECT))
    if name == HOOK:
        compile(path.read_text(), name, "exec")
        return
    try:
        if name.startswith("docs/"):
            found = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
            assert found and found.loader
            found.loader.exec_module(importlib.util.module_from_spec(found))
        else:
            import_module(name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    except ModuleNotFoundError as missing:
        package = (missing.name or "").split(".")[0]
        if package not in OPTIONAL:
            raise
        pytest.skip(f"{package} is not installed: {OPTIONAL[package]} brings it")
