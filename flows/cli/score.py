"""`vermilion score`: photographs that nobody has seen, through the trained networks."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from flows.cli.project import JSON, project_root
from tasks.errors import InputError

if TYPE_CHECKING:
    from flows.photographs.score import Scored


def score(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photographs of faces, any common format.")],
    as_json: JSON = False,
    out: Annotated[Path | None, typer.Option(help="Folder for one HTML page a photograph.")] = None,
    anomaly: Annotated[
        bool, typer.Option(help="Also look for the nearest face without a cleft; it takes longest.")
    ] = True,
) -> None:
    """Score photographs with the trained models: D, grade 1-5, anomaly score S, and where they fall.

    Exit code 0: all were measured; 1: at least one was refused, with its reason; 2: nothing could be run.
    """
    root = project_root()
    if not list(root.glob("data/symmetry/*/model/model.safetensors")):
        raise InputError(f"{root / 'data/symmetry'}: no trained model; run `make demo` or `dvc repro` first")
    from flows.photographs import score as scoring  # torch takes seconds to import
    from flows.photographs.anomaly import load_anomaly
    from tasks.base.tables import replacing
    from tasks.evaluation.photo_page import render_photo_page

    models = scoring.load_models(root)
    inverting = load_anomaly(root) if anomaly else None
    notices = [*scoring.notices(root), *(inverting.notices if inverting else ())]
    each = inverting.iterations if inverting else 1
    results = []

    def advance(count: int) -> None:
        bar.update(count)

    with tqdm(total=each * len(photos), desc="scoring", unit="iteration", disable=not sys.stderr.isatty()) as bar:
        for number, photo in enumerate(photos):
            results.append(scored := scoring.score(photo, models, root, anomaly=inverting, advance=advance))
            bar.update(each * (number + 1) - bar.n)
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
    table.add_column("S anomaly", justify="right")
    table.add_column("among controls", justify="right")
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
        found = record["anomaly"] or {"score": None, "percentile_among": {}, "reason": None}
        below = found["percentile_among"].get("unseen_controls")
        cells.append("-" if found["score"] is None else f"{found['score']:.2f}")
        cells.append("-" if below is None else f"{below:.0f} %")
        table.add_row(str(result.path), *cells, record["reason"] or found["reason"] or "")
    Console(width=None if sys.stdout.isatty() else 160).print(table)
