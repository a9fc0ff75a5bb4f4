"""What tests of a withdrawal do again and again: add a batch, withdraw somebody, list files."""

from pathlib import Path
from typing import Any

from flows.buckets.store import STORE
from flows.stewards.batches import additions
from flows.stewards.withdrawal import what_is_left, who_is_meant, withdrawing
from tasks.store.artifacts import Store


def add(path: Any, root: Path) -> Any:
    told: list[str] = []
    return additions.add(path, root, dry_run=False, commit=True, tell=told.append), "\n".join(told)


def withdraw(target: Any, root: Path, **options: Any) -> Any:
    found = who_is_meant.under_way(root) or who_is_meant.find(target, root, also=options.get("also", ()))
    found = withdrawing.withdraw(found, root, Store(root / STORE), commit=True, tell=lambda _: None)
    left = what_is_left.search(found, root).found
    who_is_meant.finished(root)
    return found, left


def files_of(folder: Path) -> set[Path]:
    """Every file below it."""
    return {path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
