"""`vermilion reconstruct`: photographs of one visit from several sides, to a measured face in three dimensions."""

import json
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from tqdm import tqdm

from flows.cli.outputs import output_folder
from flows.cli.project import JSON, project_root
from flows.cli.terminal import say
from flows.running.privacy import private_folder
from tasks.base.words import counted
from tasks.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from flows.photographs.reconstruct import Reconstructed
    from tasks.surface.measures.measuring import Measured
    from tasks.surface.scale.known_distances import Known

PAGE = "face.html"

OUT = Annotated[
    Path | None,
    typer.Option(help="Folder for the page face.html, face.ply, face.glb, face.stl and the tables as CSV."),
]
RULES = Annotated[Path | None, typer.Option(metavar="FILE", help="Rules of findings, YAML; else Vermilion's.")]
NORMS = Annotated[Path | None, typer.Option(metavar="FILE", help="Norms of others than this project's.")]
KNOWN = Annotated[
    list[str] | None,
    typer.Option(
        metavar="POINT,POINT,MM",
        help="A distance measured on the person; several, and a ruler besides, are combined. None: the irises scale.",
    ),
]
RULER = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A ruler's two ends, clicked in two or more photographs: CSV of file,x1,y1,x2,y2,mm."
    ),
]
POINTS = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Points placed by hand on the page: CSV of name,x,y,z.")
]


def reconstruct(
    folder: Annotated[Path, typer.Argument(help="The photographs of one person and one visit (docs/capture.md).")],
    out: OUT = None,
    known: KNOWN = None,
    ruler: RULER = None,
    points: POINTS = None,
    own: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own measures, YAML.")] = None,
    rules: RULES = None,
    norms: NORMS = None,
    stl: Annotated[str, typer.Option(metavar="REGION", help="What face.stl holds: face, or a region of it.")] = "face",
    as_json: JSON = False,
) -> None:
    """Make a face in millimetres from photographs of several sides, and measure it.

    Killed and called again with the same --out, it goes on with the photographs that it had not looked at. Exit code 0:
    it was made; 1: it was not, with the reason; 2: nothing could be run; 130: it was interrupted.
    `vermilion capture check FOLDER` says beforehand, in seconds, whether the photographs will do.

    \b
    vermilion reconstruct visit --out pages --known exocanthion_right,exocanthion_left,89.5
    """
    if out is not None:
        output_folder(out, "--out")
    given = _expected(known or (), clicked=ruler is not None)
    from flows.photographs import reconstruct as making  # OpenCV and COLMAP take a second
    from flows.photographs.looked import NAME, forget
    from flows.photographs.reconstructed import check_region, write

    check_region(stl)
    numbers = making.numbers_of(project_root())
    keep = None if out is None else private_folder(out) / NAME
    with _parts(making.PARTS) as part:
        found = making.reconstruct(
            folder,
            known=given,
            ruler=ruler,
            points=points,
            keep=keep,
            numbers=numbers,
            beside=making.beside_of(project_root(), own=own, rules=rules, norms=norms),
            progress=_progress,
            part=part,
        )
    if out is not None:
        write(out, found, stl, given=points)
    forget(keep)
    _print(found, as_json=as_json)
    if out is not None:
        say(f"page: {out / PAGE}", error=True)
    raise typer.Exit(found.reason is not None)


def _known(text: str) -> "Known":
    from tasks.surface.scale.known_distances import Known, checked

    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 4 and all(part.isdecimal() for part in parts[2:]):
        raise InputError(
            f"--known {text}: write {parts[2]}.{parts[3]} with a point; commas stand between the three parts"
        )
    try:
        first, second, mm = parts[0], parts[1], float(parts[2])
    except (IndexError, ValueError) as error:
        raise InputError(
            f"--known {text}: two points and millimetres expected, such as exocanthion_right,exocanthion_left,89.5"
        ) from error
    if len(parts) != 3:
        raise InputError(f"--known {text}: two points and millimetres expected; write it again for another distance")
    try:
        checked([Known(first, second, mm)])
    except InputError as error:
        raise InputError(f"--known {text}: {error}") from error
    return Known(first, second, mm)


def _progress(items: "Sequence[Any]", what: str) -> "Iterable[Any]":
    return tqdm(items, what, unit="photo", disable=not sys.stderr.isatty(), leave=False)


@contextmanager
def _parts(names: "Sequence[str]") -> "Iterator[Callable[[str], None]]":
    """A bar on a terminal that shows which part of the work goes on, and after how many others."""
    with ExitStack() as stack:
        bars: list[tqdm[NoReturn]] = []

        def part(name: str) -> None:
            if not bars:  # photographs had a bar of their own before
                shown = tqdm(total=len(names), unit="part", disable=not sys.stderr.isatty(), leave=False)
                bars.append(stack.enter_context(shown))
            bars[0].set_description(name)
            bars[0].n = names.index(name)
            bars[0].refresh()

        yield part


def _expected(texts: "Sequence[str]", *, clicked: bool) -> "list[Known]":
    """The known distances. How sure a size each tells by itself is said before a minute's work on it."""
    given = [_known(text) for text in texts]
    if not given:
        return []
    from tasks import params
    from tasks.params.surface import SurfaceReconstruct
    from tasks.surface.scale.known_distances import expected, said

    settings = params.load(SurfaceReconstruct, "surface_reconstruct", project_root() / "params.yaml").scale
    shares = {said(one): expected(one, settings=settings) for one in given}
    for words, share in shares.items():
        sure = "nothing, for people place a point of it" if share is None else f"lengths within {share:.1%}"
        say(f"{words}: by itself it tells {sure}", error=True)
    if not clicked and min((share for share in shares.values() if share), default=1.0) > WANTED:
        more = "together they tell more" if len(given) > 1 else "several tell more"
        say(f"{more}; docs/capture.md says which are within {WANTED:.0%}", error=True)
    return given


WANTED = 0.01
"""Share by which lengths may be off."""


def _print(found: "Reconstructed", *, as_json: bool) -> None:
    placed = sum(row.reason is None for row in found.cameras)
    if as_json:
        print(json.dumps(record(found), indent=1))
        return
    if found.face is None:
        say(f"not made: {found.reason}")
    else:
        said = f"{placed} of {counted(len(found.cameras), 'photograph')} placed"
        say(f"{said}; scale {found.face.scale_words}, lengths within {found.face.scale_share:.1%}")
    for row in found.cameras:
        if row.reason:
            say(f"  {row.name}: {row.reason}")
    for one in found.measures:
        say(f"  {_line(one)}")
    _say_findings(found)


def _say_findings(found: "Reconstructed") -> None:
    from tasks.surface.beside_norms import within

    words = {one.measure.name: within(one.measure.words) for one in found.measures}
    for line in found.notices:
        say(line)
    if found.face is not None:
        say(counted(len(found.findings), "finding"))
    for own in found.findings:
        say(f"  {own.sentence(words[own.measure])}")


def _line(one: "Measured") -> str:
    from tasks.surface.beside_norms import called, digits

    if one.value is None:
        return f"{one.measure.words}: not measured: {one.reason}"
    places = digits(one.measure)
    ends = "" if one.low is None else f" ({one.low:.{places}f} to {one.high:.{places}f})"
    side = "" if one.side is None else f", {one.side}"
    return f"{called(one.measure)}: {one.value:.{places}f} {one.measure.unit}{ends}{side}"


def record(found: "Reconstructed") -> dict[str, Any]:
    """Plain values, for --json. Angles are degrees, lengths mm in the head's frame."""
    from tasks.surface.measuring_faces import measure_row

    face = found.face
    return {
        "reason": found.reason,
        "photographs": [
            {
                "photograph": row.name,
                "reason": row.reason,
                "turn": row.turn,
                "height": row.height,
                "residual_px": row.residual,
                "focal_px": row.focal,
                "lens": row.lens,
                "points": row.points,
            }
            for row in found.cameras
        ],
        "scale": None if face is None else {"words": face.scale_words, "share": face.scale_share},
        "points": {}
        if face is None
        else {
            name: {
                "at": None if point.position is None else point.position.tolist(),
                "interval": point.interval,
                "photographs": point.views,
                "reason": point.reason,
            }
            for name, point in face.points.items()
        },
        "measures": [measure_row(one) for one in found.measures],
        "findings": [
            {"measure": own.measure, "finding": own.finding, "certainty": own.certainty, "source": own.source}
            for own in found.findings
        ],
        "notices": list(found.notices),
    }
