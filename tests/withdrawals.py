"""What tests of a withdrawal do again and again: add a batch, withdraw somebody, list files."""

from pathlib import Path
from typing import Any

from flows.buckets.store import STORE
from flows.stewards import additions, meant, remains, withdrawal
from tasks.store.artifacts import Store


def add(path: Any, root: Path) -> Any:
    told: list[str] = []
    return additions.add(path, root, dry_run=False, commit=True, tell=told.append), "\n".join(told)


def withdraw(target: Any, root: Path, **options: Any) -> Any:
    found = meant.under_way(root) or meant.find(target, root, also=options.get("also", ()))
    found = withdrawal.withdraw(found, root, Store(root / STORE), commit=True, tell=lambda _: None)
    left = remains.search(found, root).found
    meant.finished(root)
    return found, left


def files_of(folder: Path) -> set[Path]:
    """Every file below it."""
    return {path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
