"""`vermilion measure`: proportions, sides against each other, and what surgeons of clefts measure."""

import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm

from flows.cli.outputs import output_file, output_folder, table_suffix
from flows.cli.project import JSON, WhichFace, project_root
from flows.cli.terminal import say
from flows.running.privacy import private_folder
from tasks.base.escaping import visible
from tasks.base.words import counted
from tasks.errors import INTERRUPTED, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flows.photographs.measure import Measured, Ready
    from tasks.anthropometry.scale import Scale

MOST_REASONS = 2
"""Why measures are missing, the most frequent reasons first; the page and the table have them all."""
RULER_ERROR = 1.0
"""Pixels: how exactly people point at a ruler's marks."""

Photos = Annotated[
    list[Path], typer.Argument(metavar="PHOTO...", help="Photographs of faces in any common format, clips, or folders.")
]
SeenFrom = Annotated[
    str, typer.Option(metavar="frontal|left|right", help="From the front, or the side of the face that is seen.")
]
Pages = Annotated[
    Path | None, typer.Option(help="Folder for one HTML page per photograph, measures.csv and measures.parquet.")
]
Table = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write all measures into one table: .csv, .xlsx or .parquet.")
]
Ruler = Annotated[
    str | None,
    typer.Option(metavar="X1,Y1,X2,Y2,MM", help="Two points in the photograph, and the distance between them."),
]
Rules = Annotated[Path | None, typer.Option(metavar="FILE", help="Rules of findings, YAML; else Vermilion's.")]
MmPer = Annotated[float | None, typer.Option(metavar="MM", help="Millimetres per pixel, where they are known.")]
Frames = Annotated[int, typer.Option(min=1, help="Most frames that are measured of a clip, spread evenly over it.")]
CleftSide = Annotated[str | None, typer.Option(metavar="left|right", help="The patient's side with the cleft.")]


def measure(
    photos: Photos,
    out: Pages = None,
    table: Table = None,
    mm_per: MmPer = None,
    ruler: Ruler = None,
    own: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own measures, YAML.")] = None,
    rules: Rules = None,
    norms: Annotated[Path | None, typer.Option(metavar="FILE", help="Norms of others than this project's.")] = None,
    cleft_side: CleftSide = None,
    view: SeenFrom = "frontal",
    frames: Frames = 60,
    face: WhichFace = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="With --out: each photograph's page as a PDF, too.")] = False,
    alone: Annotated[bool, typer.Option(help="Pages without what the other systems say, which takes seconds.")] = False,
    as_json: JSON = False,
) -> None:
    """Measure faces between named points: proportions, side against side, lip and nose, with intervals and findings.

    Of a clip every measure over time: with --out a page with plots and a CSV of all frames; in the tables its means.
    Called again with the same --out, it goes on where it stopped. A finding is no diagnosis. Exit code 0: all were
    measured; 1: at least one was refused, with its reason; 2: nothing could be run; 130: it was interrupted.
    """
    _check(out, table, cleft_side, view, pdf=pdf)
    _check_profile(view, {"--own": own, "--cleft-side": cleft_side, "--face": face})
    root = project_root()
    from flows.photographs import faces
    from flows.photographs import measure as measuring  # OpenCV and pandas take a second

    photographs, clips = _photographs(photos, root, ruler, view)
    given = {"own": own, "rules": rules, "norms": norms}
    scale, which = _scale(mm_per, ruler), faces.asked(face)
    ready = measuring.prepared(root, **given, scale=scale, cleft_side=cleft_side, which=which)
    if out is not None and not alone and view == "frontal":
        ready = measuring.with_others(ready, root)
    if pdf and clips:
        say(
            f"note: {counted(len(clips), 'clip')} without a PDF: a clip has its page, and a CSV of all frames",
            error=True,
        )
    one, key = _measurer(ready, view, clips, frames)
    results, stopped = _measured(photographs, ready, out, one, key, pdf=pdf)
    _write_tables(table, out, results, key)
    _print(results, ready, ready.notices if view == "frontal" else [], as_json=as_json)
    _say_where({"table": table, "pages": out})
    if stopped:
        say(f"interrupted: {len(results)} of {counted(len(photographs), 'photograph')} measured", error=True)
    raise typer.Exit(INTERRUPTED if stopped else any(result.face.reason for result in results))


def _photographs(photos: list[Path], root: Path, ruler: str | None, view: str) -> "tuple[Sequence[Path], set[Path]]":
    """All files that are meant, and which of them are clips."""
    from flows.photographs import files
    from tasks import params
    from tasks.params.ingest import IngestImages

    known = params.load(IngestImages, "ingest_images", root / "params.yaml")
    found = files.find(photos, (*known.still_suffixes, *known.clip_suffixes)).photographs
    clips = {path for path in found if path.suffix.lower() in known.clip_suffixes}
    if ruler and len(found) > 1:
        raise InputError("--ruler has points of one photograph; call `vermilion measure` for each")
    if clips and view != "frontal":
        raise InputError(f"{min(clips)}: a clip; in profile (--view {view}) only photographs are measured")
    return found, clips


def _check(out: Path | None, table: Path | None, cleft_side: str | None, view: str, *, pdf: bool) -> None:
    """InputError where one of the outputs cannot be written, or there is no such side."""
    if pdf and out is None:
        raise InputError("--pdf: no folder for it; name one with --out")
    if cleft_side not in (None, "left", "right"):
        raise InputError(f"--cleft-side {cleft_side}: left or right, the patient's own; of both sides leave it out")
    if view not in ("frontal", "left", "right"):
        raise InputError(f"--view {view}: frontal, left or right; the side of the face that is seen")
    if out is not None:
        output_folder(out, "--out")
    if table is not None:
        output_file(table_suffix(table), "--table")


def _check_profile(view: str, given: "Mapping[str, object]") -> None:
    """InputError for options that a profile would leave unused."""
    unused = [option for option, value in given.items() if value is not None]
    if unused and view != "frontal":
        raise InputError(
            f"{', '.join(unused)}: for faces from the front; of a profile (--view {view}) the outline alone is "
            "measured, with Vermilion's own measures. Leave it out"
        )


def _scale(mm_per: float | None, ruler: str | None) -> "Scale | None":
    from tasks.anthropometry import scale
    from tasks.anthropometry.uncertainty import quantile_of

    if mm_per is not None and ruler is not None:
        raise InputError("--mm-per and --ruler both say how long a pixel is; give one of them")
    if mm_per is not None:
        return scale.known(mm_per)
    if ruler is None:
        return None
    try:
        x1, y1, x2, y2, mm = (float(part) for part in ruler.split(","))
    except ValueError as error:
        raise InputError(f"--ruler {ruler}: five numbers expected, such as 120,80,620,80,50") from error
    return scale.ruler((x1, y1), (x2, y2), mm, error_px=RULER_ERROR, quantile=quantile_of(0.95))


def _measured(
    photographs: "Sequence[Path]",
    ready: "Ready",
    out: Path | None,
    one: "Callable[[Path], Measured]",
    key: str,
    *,
    pdf: bool,
) -> "tuple[list[Measured], bool]":
    """Each photograph's result, and whether it was interrupted. Its page is written at once, so that none is lost."""
    from flows.photographs import measured

    before = {} if out is None else measured.earlier(private_folder(out), key, pdf=pdf)
    asked = str(ready.which or "")
    results: list[Measured] = []
    taken = 0
    try:
        for photo in tqdm(photographs, "measuring", unit="photo", disable=not sys.stderr.isatty()):
            found = measured.again(photo, before, asked)
            taken += found is not None
            if found is None:
                found = one(photo)
                if out is not None:
                    measured.keep(out, key, found, ready.notices, asked=asked, pdf=pdf)
            results.append(found)
    except KeyboardInterrupt:
        return results, True
    if taken:
        say(f"{taken} of {counted(len(photographs), 'photograph')} measured by an earlier call", error=True)
    return results, False


def _measurer(ready: "Ready", view: str, clips: "set[Path]", frames: int) -> "tuple[Callable[[Path], Measured], str]":
    """What measures one file, from the front or in profile, and the key of all that its result depends on."""
    from flows.photographs import measured, profiles
    from flows.photographs.measure import measure as from_the_front
    from tasks import anthropometry, pages, params
    from tasks.base.digests import code_digest, digest
    from tasks.ingest.faces.views import VIEWED
    from tasks.params.anthropometry import AnthropometryProfiles

    key = digest([ready.key, measured.looks(*(Path(str(own.__file__)).parent for own in (anthropometry, pages)))])
    if clips:
        from flows.photographs import clips as filmed

        key = digest([key, frames, code_digest(filmed)])
        return partial(_film_or_photograph, ready=ready, clips=clips, frames=frames), key
    if view not in VIEWED:
        return partial(from_the_front, ready=ready), key
    settings = params.load(AnthropometryProfiles, "anthropometry_profiles", project_root() / "params.yaml")
    key = digest([key, view, settings.model_dump(mode="json"), code_digest(profiles)])
    return partial(profiles.measure_in_profile, view=VIEWED[view], ready=ready, settings=settings), key


def _film_or_photograph(path: Path, *, ready: "Ready", clips: "set[Path]", frames: int) -> "Measured":
    from flows.photographs.clips import measure_clip
    from flows.photographs.measure import measure as from_the_front

    if path not in clips:
        return from_the_front(path, ready)
    shown = partial(tqdm, desc=visible(path.name), unit="frame", leave=False, disable=not sys.stderr.isatty())
    return measure_clip(path, ready, most_frames=frames, bar=lambda found, most: shown(found, total=most))


def _write_tables(table: Path | None, out: Path | None, results: "Sequence[Measured]", key: str) -> None:
    """`table`: what this call was asked for. The tables in `out` have what earlier calls left there, too."""
    from flows.photographs import measured

    if table is not None:
        measured.write_table(table, results)
    if out is not None:
        every = measured.with_earlier(results, measured.earlier(out, key))
        for name in measured.TABLES:
            measured.write_table(out / name, every)


def _say_where(written: dict[str, Path | None]) -> None:
    for what, path in written.items():
        if path is not None:
            say(f"{what}: {path}", error=True)


def _print(results: "Sequence[Measured]", ready: "Ready", notices: "Sequence[str]", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([result.record() | {"notices": [*notices]} for result in results], indent=1))
        return
    from tasks.anthropometry.measures.catalogue import BY_NAME
    from tasks.anthropometry.profiles.measures import PROFILE_MEASURES

    words = {name: measure.words for name, measure in BY_NAME.items()}
    words |= {measure.name: measure.words for measure in PROFILE_MEASURES}
    words |= {own.name: own.words for own in ready.own}
    for result in results:
        face = result.face
        if face.reason:
            say(f"{visible(str(result.path))}: not measured: {face.reason}")
            continue
        why = Counter(row["reason"] for row in result.rows if row["reason"] is not None)
        said = f"{result.said}{counted(len(result.rows) - why.total(), 'measure')} of {len(result.rows)}"
        say(f"{visible(str(result.path))}: {said}, {counted(len(face.findings), 'finding')}")
        for reason, number in why.most_common(MOST_REASONS):
            say(f"  {counted(number, 'measure')} not taken: {visible(reason)}")
        for own in face.findings:
            say(f"  {own.sentence(words[own.measure])}")
    for line in notices:
        say(line)
