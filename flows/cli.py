"""The `vermilion` command. Rebuilding is DVC's (`dvc repro`); this scores photographs and shows results."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from flows import PROJECT
from tasks.errors import InputError

if TYPE_CHECKING:
    from flows.scoring import Scored

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measures of cleft lip repair. Research software, no medical device. `dvc repro` rebuilds all results.",
)

JSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def score(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photographs of faces, any common format.")],
    as_json: JSON = False,
    out: Annotated[Path | None, typer.Option(help="Folder for one HTML page a photograph.")] = None,
) -> None:
    """Score photographs with the trained models: D, grade 1-5, and where D falls.

    Exit code 0: all were measured; 1: at least one was refused, with its reason; 2: nothing could be run.
    """
    root = _root()
    if not list(root.glob("data/symmetry/*/model/model.safetensors")):
        raise InputError(f"{root / 'data/symmetry'}: no trained model; run `make demo` or `dvc repro` first")
    from flows import scoring  # torch takes seconds to import
    from tasks.evaluation.photo_page import render_photo_page
    from tasks.tables import replacing

    models = scoring.load_models(root)
    notices = scoring.notices(root)
    results = []
    for number, photo in enumerate(photos):
        results.append(scored := scoring.score(photo, models, root))
        if out is not None:
            page = out / f"{number + 1:03d}-{photo.stem}.html"
            with replacing(page) as temporary:
                temporary.write_text(render_photo_page(scored.photo, notices=notices), encoding="utf-8")
    if as_json:
        print(json.dumps([result.record() for result in results], indent=1))
    else:
        _print_scores(results, [model.strategy for model in models])
        print("\n".join(notices))
    if out is not None:
        print(f"pages: {out}", file=sys.stderr)
    raise typer.Exit(any(result.photo.reason for result in results))


def _print_scores(results: "list[Scored]", strategies: list[str]) -> None:
    table = Table(title=None)
    table.add_column("photograph", overflow="fold")
    for strategy in strategies:
        table.add_column(f"D {strategy}", justify="right")
        table.add_column("grade", justify="right")
        table.add_column("among rated", justify="right")
    table.add_column("refused because", overflow="fold")
    for result in results:
        record = result.record()
        cells = []
        for strategy in strategies:
            own = record["symmetry"].get(strategy)
            below = own["percentile_among"].get("rated_photographs") if own else None
            cells += [
                f"{own['distance']:.3f}" if own else "-",
                str(own["grade"]) if own and own["grade"] else "-",
                f"{below:.0f} %" if below is not None else "-",
            ]
        table.add_row(str(result.path), *cells, record["reason"] or "")
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@app.command()
def results(as_json: JSON = False) -> None:
    """The headline numbers of the last `dvc repro`, and where the report is."""
    root = _root()
    path = root / "data/reports/summary.json"
    if not path.exists():
        raise InputError(f"{path}: no results yet; run `make demo` or `dvc repro`")
    summary = json.loads(path.read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps(summary, indent=1, sort_keys=True))
        return
    table = Table()
    table.add_column("")
    for name in summary:
        table.add_column(name.replace("_", " "), justify="right")
    for row in sorted({key for own in summary.values() for key in own}):
        values = [own.get(row) for own in summary.values()]
        table.add_row(row.replace("_", " "), *("" if value is None else f"{value:.3f}" for value in values))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print(f"report: {root / 'data/reports/index.html'}")


def _root() -> Path:
    """The project that is meant: the current folder's, else the one this command was installed from."""
    return Path.cwd() if (Path.cwd() / "dvc.yaml").exists() else PROJECT


def main() -> None:
    """Entry point: bad input ends with one line and exit code 2, not a traceback."""
    try:
        app()
    except (InputError, OSError) as error:
        print(f"vermilion: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
