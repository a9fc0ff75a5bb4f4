"""`vermilion artifacts`: what lies in the artifact store, and removing what nothing refers to any more."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from flows.cli.project import JSON, project_root
from tasks.base.words import counted

if TYPE_CHECKING:
    from flows.repository.references import Referred
    from tasks.store.collection import Item

app = typer.Typer(help="The store of computed results: what lies in it, and what could go.")

DRY_RUN = Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")]


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: JSON = False) -> None:
    """Results by stage, how many of them are in use, and how much could be removed."""
    if context.invoked_subcommand is None:
        from tasks.store.collection import survey

        store, refers = _opened()
        with store.held():
            items = survey(store, stages=refers.stages, keys=refers.keys)
        _print(_summary(items, refers), as_json)


@app.command()
def collect(dry_run: DRY_RUN = False, as_json: JSON = False) -> None:
    """Remove what nothing refers to: results of other numbers, photographs, code and stages, and unfinished files.

    Kept is what dvc.lock, the present outs and the stages' last good runs need; with less, only time would be lost.
    While a stage runs nothing is removed. A shared store (runtime.shared_store) is never touched.
    """
    from tasks.store import collection

    store, refers = _opened()
    find = collection.survey if dry_run else collection.collect
    gone = [item for item in find(store, stages=refers.stages, keys=refers.keys) if item.goes]
    freed = sum(item.size for item in gone)
    results = sum(item.kind == "result" for item in gone)
    if as_json:
        print(json.dumps({"removed": not dry_run, "results": results, "files": len(gone), "bytes": freed}))
    else:
        files = f"{_amount(freed)} in {counted(len(gone), 'file')}"
        print(f"{'would remove' if dry_run else 'removed'} {counted(results, 'result')}; {files}")


def _opened() -> Any:
    from flows.buckets.store import STORE
    from flows.repository.references import referred
    from tasks.store.artifacts import Store

    root = project_root()
    return Store(root / STORE), referred(root)


def _summary(items: "Sequence[Item]", refers: "Referred") -> dict[str, Any]:
    """The survey as plain values: by stage in DVC's order, then stages that dvc.yaml no longer has."""
    stages = dict.fromkeys((*refers.stages, *sorted({item.stage for item in items if item.stage})))
    cache = sum(file.stat().st_size for file in refers.cache.rglob("*") if file.is_file())
    by_stage = {stage: _row([item for item in items if item.stage == stage]) for stage in stages}
    return {
        "stages": {stage: row for stage, row in by_stage.items() if row["bytes"]},
        "leftovers": _row([item for item in items if not item.stage]),
        "total": _row(items),
        "dvc_cache": {"path": str(refers.cache), "bytes": cache},
    }


def _row(items: "Sequence[Item]") -> dict[str, int]:
    results = [item for item in items if item.kind == "result"]
    return {
        "results": len(results),
        "in_use": sum(not item.goes for item in results),
        "bytes": sum(item.size for item in items),
        "free_bytes": sum(item.size for item in items if item.goes),
    }


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary, indent=1))
        return
    table = Table()
    table.add_column("stage")
    for name in ("results", "in use", "size", "could go"):
        table.add_column(name, justify="right")
    rows = summary["stages"] | {"unfinished": summary["leftovers"], "all": summary["total"]}
    for stage, row in rows.items():
        table.add_row(stage, str(row["results"]), str(row["in_use"]), _amount(row["bytes"]), _amount(row["free_bytes"]))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print("`vermilion artifacts collect` removes what could go.")
    cache = summary["dvc_cache"]
    print(
        f"DVC's own cache, {cache['path']}: {_amount(cache['bytes'])}; `dvc gc --workspace` removes what no file needs."
    )


def _amount(size: int) -> str:
    scale, unit = (1e9, "GB") if size >= 1e9 else (1e6, "MB") if size >= 1e6 else (1e3, "kB")
    return f"{size / scale:,.1f} {unit}"
