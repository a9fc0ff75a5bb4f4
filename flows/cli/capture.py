"""`vermilion capture`: whether photographs of a visit will do for three dimensions."""

import json
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from flows.cli.outputs import output_folder
from flows.cli.project import JSON, project_root
from flows.cli.terminal import cell, say
from flows.running.privacy import private_folder
from tasks.base.words import counted
from tasks.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tasks.params.capture import Capture
    from tasks.surface.capture.verdict import Row, Verdict

app = typer.Typer(no_args_is_help=True, help="Photographs of a visit from several sides, checked before they are used.")

PICTURE = "capture.png"
WIDTH = 80


@app.callback()
def capture() -> None:
    """Photographs of a visit from several sides, checked before they are used."""


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The photographs of one person and one visit.")],
    out: Annotated[Path | None, typer.Option(help="Folder for a picture of what is there and what is missing.")] = None,
    as_json: JSON = False,
) -> None:
    """Say in seconds whether photographs will do for three dimensions, and what to take besides.

    It looks at blur, light, the face and its size, from where each photograph was taken, what neighbours share, and
    whether one person with one expression is seen. Exit code 0: the set will do; 1: it will not, and it is said why;
    2: nothing could be looked at; 130: it was interrupted. docs/capture.md says how to take them.

    \b
    vermilion capture check visit --out pages
    """
    if out is not None:
        output_folder(out, "--out")
    verdict, settings, photographs = _checked(folder)
    if out is not None:
        from flows.photographs.files import digests
        from flows.photographs.marks import marked_png
        from tasks.surface.capture.drawn import ring

        picture = private_folder(out) / PICTURE
        picture.touch(mode=0o600)
        drawn = ring(verdict, settings=settings)
        picture.write_bytes(marked_png(drawn, "capture check", digests(photographs)))
    _print(verdict, as_json=as_json)
    if out is not None:
        say(f"picture: {out / PICTURE}", error=True)
    raise typer.Exit(not verdict.fits)


def _checked(folder: Path) -> "tuple[Verdict, Capture, Sequence[Path]]":
    from flows.photographs import files
    from tasks import params
    from tasks.params.capture import Capture
    from tasks.params.ingest import IngestImages, IngestLandmarks
    from tasks.surface.cameras.calibration import NAME, read_calibration
    from tasks.surface.capture import check as checking

    if not folder.is_dir():
        raise InputError(f"{folder}: no folder; give the folder with the photographs of one visit")
    numbers = project_root() / "params.yaml"
    suffixes = params.load(IngestImages, "ingest_images", numbers).still_suffixes
    settings = params.load(Capture, "capture", numbers)
    photographs = files.find([folder], suffixes).photographs
    names = [photo.relative_to(folder).as_posix() for photo in photographs]
    detection = params.load(IngestLandmarks, "ingest_landmarks", numbers)
    lenses = read_calibration(folder, names)
    verdict = checking.check(
        photographs, names, lenses=lenses, settings=settings, detection=detection, progress=_progress
    )
    if lenses:
        told = f"the lens by {NAME}: {len(lenses)} of {counted(len(names), 'photograph')}"
        verdict = replace(verdict, notes=[*verdict.notes, told])
    return verdict, settings, photographs


def _progress(items: "Sequence[Any]", what: str) -> "Iterable[Any]":
    return tqdm(items, what, disable=not sys.stderr.isatty(), leave=False)


def _print(verdict: "Verdict", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(record(verdict), indent=1))
        return
    say(verdict.line)
    told = [*(f"Besides: {fault}." for fault in verdict.faults[1:]), *(f"Note: {note}." for note in verdict.notes)]
    for line in told:
        say("\n".join(textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)))
    table = Table("photograph", "", box=None, pad_edge=False, show_edge=False)
    for name in ("side", "up", "face\npx", "sharp", "shared"):
        table.add_column(name, justify="right")
    table.columns[1].header = "used"
    for row in verdict.rows:
        table.add_row(*_cells(row))
    Console(width=WIDTH).print(table)


def _cells(row: "Row") -> list[str]:
    used = cell(row.reason) if row.reason else "yes" if row.held else "finds no place"
    angle = [f"{row.angle.yaw:+.0f}", f"{row.angle.pitch:+.0f}"] if row.angle else ["", ""]
    tall = "" if row.shot.tall is None else f"{row.shot.tall:.0f}"
    return [cell(row.shot.name), used, *angle, tall, f"{row.shot.sharpness:.2f}", str(row.shared)]


def record(verdict: "Verdict") -> dict[str, Any]:
    """Plain values, for --json. Angles are degrees, to the patient's left and from above."""
    return {
        "fits": verdict.fits,
        "faults": list(verdict.faults),
        "notes": list(verdict.notes),
        "photographs": [
            {
                "photograph": row.shot.name,
                "reason": row.reason,
                "held": row.held,
                "yaw": row.angle and round(row.angle.yaw, 1),
                "pitch": row.angle and round(row.angle.pitch, 1),
                "angle_by": row.angle and row.angle.by,
                "face_px": row.shot.tall and round(row.shot.tall),
                "sharpness": round(row.shot.sharpness, 3),
                "light": round(row.shot.light),
                "burnt": round(row.shot.burnt, 3),
                "shared": row.shared,
                "camera": row.shot.lens.camera,
                "focal_px": row.shot.lens.focal and round(row.shot.lens.focal),
            }
            for row in verdict.rows
        ],
    }
