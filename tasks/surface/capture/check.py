"""A set of photographs of one visit, checked: files in, a verdict out.

In: files, and the numbers. Out: a `Verdict`. A photograph's pixels are let go once it is looked at; a megabyte is kept.
Writes nothing; nothing leaves the machine.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.errors import InputError
from tasks.ingest.faces.profile import View
from tasks.params.capture import Capture
from tasks.params.ingest import IngestLandmarks
from tasks.surface.cameras.calibration import Lens, of_photograph
from tasks.surface.capture.angles import angles, first_focals, judged_focals, without_strays
from tasks.surface.capture.overlap import Match, Pair, matches, turned_anew
from tasks.surface.capture.shot import Shot, outline_of, shot_of
from tasks.surface.capture.verdict import Verdict, judge, with_reasons

ROUNDS = 2
"""Times that focal lengths are judged: the second starts from a turn that is nearly right."""
Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Goes round a loop and shows how far it is: the loop's items, and what is done."""


def check(
    files: Sequence[Path],
    names: Sequence[str],  # as they are to be told
    *,
    lenses: Mapping[str, Lens],  # by name, calibrated (tasks.surface.cameras.calibration); of the others EXIF tells
    settings: Capture,
    detection: IngestLandmarks,
    progress: Progress,
) -> Verdict:
    """Whether the files' photographs will do. InputError: too many for one visit, or a lens of another picture."""
    if len(files) > settings.most_photographs:
        most = settings.most_photographs
        raise InputError(f"{len(files)} photographs; of one visit {most} at most: give the folder of one visit")
    pairs = list(zip(files, names, strict=True))
    shots = [shot_of(file, name, settings=settings, detection=detection) for file, name in progress(pairs, "looking")]
    shots = with_reasons([calibrated(shot, lenses) for shot in shots], settings=settings)
    return verdict_of(shots, lambda n: outline_of(files[n], settings=settings, detection=detection), settings, progress)


def calibrated(shot: Shot, lenses: Mapping[str, Lens]) -> Shot:
    """The photograph with its calibrated focal length, where it has one."""
    if shot.name not in lenses or not min(shot.size):
        return shot
    own = of_photograph(shot.name, lenses[shot.name], *shot.size)
    return replace(shot, lens=shot.lens._replace(focal=sum(own.focal) / 2))


def verdict_of(
    shots: Sequence[Shot], outline: Callable[[int], View | None], settings: Capture, progress: Progress
) -> Verdict:
    """Of shots that were looked at. `outline`: the side that a profile shows, asked where nothing else tells."""
    found = _joined(shots, settings, progress)
    known = angles(shots, found, {}, settings=settings)
    lost = [n for n, shot in enumerate(shots) if shot.reason is None and known[n] is None]
    sides = {n: side for n in progress(lost, "outlines") if (side := outline(n)) is not None}
    return judge(shots, angles(shots, found, sides, settings=settings), found, settings=settings)


def _joined(shots: Sequence[Shot], settings: Capture, progress: Progress) -> dict[Pair, Match]:
    """The usable photographs' pairs that match, with the turns that the faces' own directions make likely."""
    focals = first_focals(shots, settings=settings)
    found = matches(shots, focals, settings=settings, progress=lambda pairs: progress(pairs, "matching"))
    for _ in range(ROUNDS):
        focals = judged_focals(shots, found, focals, settings=settings)
        found = turned_anew(shots, found, focals, settings=settings)
    return without_strays(shots, found, settings=settings)
