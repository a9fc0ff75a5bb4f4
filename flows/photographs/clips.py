"""Clips measured one by one: what `vermilion measure` computes of a film of a face from the front.

In: files. Out: one `Measured` per clip, its rows the means over the frames, with its page and the table of all frames;
or why it was refused. A frame is measured as a photograph is. Writes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from flows.photographs.measure import Measured, Ready, of_picture
from tasks.anthropometry.clip_page import render_clip_page
from tasks.anthropometry.clips import Frame, over_frames, table_rows
from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.page import MeasuredFace
from tasks.base.digests import file_digest
from tasks.base.words import counted
from tasks.ingest.clips.display import container
from tasks.ingest.clips.frames import read_frames
from tasks.params.ingest import IngestFrames

Bar = Callable[[Iterable[Frame], int], Iterable[Frame]]
"""Shows progress over so many frames."""


def measure_clip(path: Path, ready: Ready, *, most_frames: int, bar: Bar = lambda frames, _: frames) -> Measured:
    """One clip's measures. A file that cannot be measured gives a reason, never an exception.

    `most_frames`: of the clip are measured, spread evenly from the first to the last.
    """
    face = MeasuredFace(path.name)
    try:
        container(path)  # a few bytes, before all of them are read
        face = replace(face, image_id=file_digest(path))
        sampled = read_frames(path, IngestFrames(rule="even", step=1, count=most_frames))
        frames = list(bar(_measured(path, sampled, ready), most_frames))
    except OSError as error:
        return _refused(path, face, f"cannot be read: {error.strerror}")
    except ValueError as error:  # UnshownClip
        return _refused(path, face, str(error))
    if all(frame.reason for frame in frames):
        return _refused(path, face, f"in none of {counted(len(frames), 'frame')}; the first: {frames[0].reason}")
    measures = (*MEASURES, *ready.own)
    rows = over_frames(frames, measures, confidence=ready.settings.confidence)
    html = render_clip_page(
        path.name,
        image_id=face.image_id,
        frames=frames,
        rows=rows,
        measures=measures,
        provenance=[("points", "of every frame as of a photograph"), *_scale(ready)],
    )
    face = replace(face, rows=rows)
    measured = sum(frame.reason is None for frame in frames)
    said = f"{measured} of {counted(len(frames), 'frame')}, {frames[-1].time_s:.1f} s; "
    return Measured(path, face, rows, html=html, frames=table_rows(frames), said=said)


def _scale(ready: Ready) -> list[tuple[str, str]]:
    return [("millimetres", ready.scale.words)] if ready.scale else []


def _refused(path: Path, face: MeasuredFace, reason: str) -> Measured:
    html = render_clip_page(path.name, image_id=face.image_id, reason=reason)
    return Measured(path, replace(face, reason=reason), html=html)


def _measured(path: Path, sampled: Iterator[tuple[int, float, np.ndarray]], ready: Ready) -> Iterator[Frame]:
    for index, time_s, picture in sampled:
        try:
            found = of_picture(path, MeasuredFace(path.name), picture, replace(ready, network=None))
        except ValueError as error:  # refused by name: no face, turned away, models that disagree
            yield Frame(index, time_s, str(error))
            continue
        yield Frame(index, time_s, None, found.rows)
