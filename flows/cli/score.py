"""`vermilion score`: photographs that nobody has seen, through the trained networks."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from tqdm import tqdm

from flows.cli.outputs import output_file, output_folder
from flows.cli.project import JSON, WhichFace, project_root
from flows.cli.terminal import say
from flows.running.privacy import private_folder
from tasks.base.escaping import visible
from tasks.base.words import counted
from tasks.errors import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flows.photographs.faces import Which
    from flows.photographs.score import Scored
    from tasks.evaluation.photograph import Reader

SHOWN = 12
"""Most photographs whose numbers are printed; more would only scroll away."""
EVERY = 5.0
"""Seconds between two savings of an unfinished table."""


Photos = Annotated[
    list[Path], typer.Argument(metavar="PHOTO...", help="Photographs of faces in any common format, or folders.")
]
Scores = Annotated[Path | None, typer.Option(metavar="FILE", help="Write all results into one table, .csv or .xlsx.")]
Without = Annotated[
    list[str] | None, typer.Option(metavar="SYSTEM", help="Leave out a system, such as one that takes long.")
]


def score(
    photos: Photos,
    as_json: JSON = False,
    table: Scores = None,
    out: Annotated[Path | None, typer.Option(help="Folder for one HTML page per photograph.")] = None,
    without: Without = None,
    face: WhichFace = None,
) -> None:
    """Score photographs with every system that can read one, and say first what came of each.

    \b
    vermilion score photo.jpg
    vermilion score photographs --table scores.xlsx    # a folder
    vermilion score photo.jpg --out pages              # one page per photograph

    Exit code 0: all were measured; 1: at least one was refused, with its reason; 2: nothing could be run; 130: it was
    interrupted, and the table has what was done.
    """
    _check_outputs(table, out)
    root = project_root()
    from flows.repository.currency import told_meanwhile

    with told_meanwhile(root) as told:
        from flows.photographs import faces, files  # torch takes seconds to import
        from flows.photographs import score as scoring
        from tasks import params
        from tasks.base import sheets
        from tasks.params.ingest import IngestImages

        which = faces.asked(face)
        found = files.find(photos, params.load(IngestImages, "ingest_images", root / "params.yaml").still_suffixes)
        opened = scoring.open_readers(root, without or ())
        notices = [*told(), *scoring.notices(root, opened)]
    every = [*notices, *_passed_over(found.others)]  # a page of one person does not tell of other files
    results: list[Scored] = []
    stopped = False
    try:
        _score_all(found.photographs, root, opened.readers, which, notices, results, table, out)
    except KeyboardInterrupt:
        stopped = True
    if table is not None:
        sheets.write(table, *scoring.table(results, every))
    if as_json:
        print(json.dumps([result.record(list(opened.readers), every) for result in results], indent=1))
    else:
        _print(results, every if any(result.photo.readings for result in results) else _passed_over(found.others))
    _say_where({"table": table, "pages": out})
    if stopped:
        raise _interrupted(len(results), len(found.photographs))
    raise typer.Exit(any(result.photo.reason for result in results))


def _interrupted(done: int, of: int) -> typer.Exit:
    say(f"interrupted: {done} of {counted(of, 'photograph')} scored", error=True)
    return typer.Exit(INTERRUPTED)


def _passed_over(others: "Mapping[Path, int]") -> list[str]:
    return [
        f"{folder}: {count} other {'file was' if count == 1 else 'files were'} passed over."
        for folder, count in others.items()
    ]


def _check_outputs(table: Path | None, out: Path | None) -> None:
    """InputError where one of them cannot be written."""
    if table is not None:
        from tasks.base import sheets

        output_file(sheets.check_suffix(table), "--table")
    if out is not None:
        output_folder(out, "--out")


def _score_all(
    photographs: "Sequence[Path]",
    root: Path,
    readers: "dict[str, Reader]",
    which: "Which",
    notices: "Sequence[str]",
    results: "list[Scored]",
    table: Path | None,
    out: Path | None,
) -> None:
    """Fill `results`. What is done is saved as it goes, so that nothing is lost when hours of work are cut short."""
    from flows.photographs import score as scoring
    from tasks.base import sheets
    from tasks.base.tables import replacing
    from tasks.evaluation.photo_page import render_photo_page

    each = sum(reader.steps for reader in readers.values())
    saved, drawn = 0.0, scoring.drawn_only(root)

    def advance(count: int) -> None:
        bar.update(count)

    with tqdm(total=each * len(photographs), desc="scoring", unit="step", disable=not sys.stderr.isatty()) as bar:
        for number, photo in enumerate(photographs):
            if table is not None and time.monotonic() - saved > EVERY:
                sheets.write(table, *scoring.table(results, notices))
                saved = time.monotonic()
            results.append(scored := scoring.score(photo, readers, root, drawn=drawn, which=which, advance=advance))
            bar.update(each * (number + 1) - bar.n)
            if out is not None:
                page = private_folder(out) / f"{number + 1:03d}-{photo.stem[:60]}.html"
                with replacing(page) as temporary:
                    said, valid = scored.verdict, scored.verdict.state != "not valid"
                    html = render_photo_page(
                        scored.photo, verdict=said.points, trust=said.trust, valid=valid, notices=notices
                    )
                    temporary.write_text(html, encoding="utf-8")


def _say_where(written: dict[str, Path | None]) -> None:
    for what, path in written.items():
        if path is not None:
            say(f"{what}: {path}", error=True)


def _print(results: "Sequence[Scored]", notices: "Sequence[str]") -> None:
    """The verdicts first, then the numbers, then what a reader must know; within the width of the terminal."""
    console = Console(width=None if sys.stdout.isatty() else 80, highlight=False, emoji=False)
    for result in results:
        console.print(Text(visible(str(result.path)), style="bold", overflow="fold"))
        head, *points = result.verdict.points
        head += f" This is {result.photo.face}." if result.photo.face else ""
        console.print(Padding(Text(visible(head), overflow="fold"), (0, 0, 0, 2)))
        for line in points:
            console.print(_item(line))
    measured = [result for result in results if result.photo.readings]
    if len(measured) > SHOWN:
        console.print(f"\nThe numbers of {counted(len(measured), 'photograph')}: add --table FILE.xlsx, or --json.")
    elif measured:
        console.print(_numbers(measured))
    _print_block(console, "How far to trust this:", dict.fromkeys(one for own in results for one in own.verdict.trust))
    _print_block(console, "Read this too:", notices)


def _print_block(console: Console, head: str, said: "Iterable[str]") -> None:
    for number, line in enumerate(said):
        if number == 0:
            console.print(head)
        console.print(_item(line))


def _item(line: str) -> Padding:
    """A line of a list: what is too long goes on below, further in."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row("-", Text(visible(line)))
    return Padding(grid, (0, 0, 0, 2))


def _numbers(results: "Sequence[Scored]") -> Table:
    from flows.photographs.score import lines

    table = Table()
    table.add_column("photograph", overflow="fold", max_width=24)
    table.add_column("measure", overflow="fold")
    table.add_column("value", overflow="fold")
    alike = len({result.path.name for result in results}) < len(results)  # 0.png of several people
    for result in results:
        name = visible("/".join(result.path.parts[-2:]) if alike else result.path.name)
        for measure, value in (line for reading in result.photo.readings for line in lines(reading)):
            value = f"{value} (not valid here)" if result.verdict.state == "not valid" else value
            table.add_row(Text(name), Text(measure), Text(value))
            name = ""
    return table
