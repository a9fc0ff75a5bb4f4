"""`vermilion score`: photographs that nobody has seen, through the trained networks."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from flows.cli.project import JSON, private_folder, project_root

if TYPE_CHECKING:
    from flows.photographs.score import Scored


def score(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photographs of faces, any common format.")],
    as_json: JSON = False,
    out: Annotated[Path | None, typer.Option(help="Folder for one HTML page per photograph.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="SYSTEM", help="Leave out a system, such as one that takes long.")
    ] = None,
) -> None:
    """Score photographs with every system that can read one: its numbers, and where they fall among others.

    Exit code 0: all were measured; 1: at least one was refused, with its reason; 2: nothing could be run.
    """
    root = project_root()
    from flows.photographs import score as scoring  # torch takes seconds to import
    from flows.repository.currency import not_current
    from tasks.base.tables import replacing
    from tasks.evaluation.photo_page import render_photo_page

    opened = scoring.open_readers(root, without or ())
    readers = opened.readers
    stale = not_current(root)
    notices = [*([f"Of what these numbers are read beside: {stale}"] if stale else []), *scoring.notices(root, opened)]
    each = sum(reader.steps for reader in readers.values())
    results = []

    def advance(count: int) -> None:
        bar.update(count)

    with tqdm(total=each * len(photos), desc="scoring", unit="step", disable=not sys.stderr.isatty()) as bar:
        for number, photo in enumerate(photos):
            results.append(scored := scoring.score(photo, readers, root, advance=advance))
            bar.update(each * (number + 1) - bar.n)
            if out is not None:
                page = private_folder(out) / f"{number + 1:03d}-{photo.stem}.html"
                with replacing(page) as temporary:
                    temporary.write_text(render_photo_page(scored.photo, notices=notices), encoding="utf-8")
    if as_json:
        print(json.dumps([result.record(list(readers), notices) for result in results], indent=1))
    else:
        _print_scores(results)
        print("\n".join(notices))
    if out is not None:
        print(f"pages: {out}", file=sys.stderr)
    raise typer.Exit(any(result.photo.reason for result in results))


def _print_scores(results: "list[Scored]") -> None:
    columns = list(dict.fromkeys(name for own in results for reading in own.photo.readings for name in reading.cells))
    table = Table(title=None)
    table.add_column("photograph", overflow="fold")
    for name in columns:
        table.add_column(name, justify="right")
    table.add_column("refused because", overflow="fold")
    for result in results:
        readings = result.photo.readings
        cells = {name: text for reading in readings for name, text in reading.cells.items()}
        reasons = [reading.reason for reading in readings if reading.reason]
        why = result.photo.reason or "; ".join(reasons)
        table.add_row(str(result.path), *(cells.get(name, "-") for name in columns), why)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
