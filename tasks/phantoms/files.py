"""Drawn faces as files: one job per file, shared out over processes.

In: `Still` and `Clip` jobs. Out: the files, each whole or not there. A job holds all that its file depends on, so
neither the number of processes nor their order changes a byte. Knows nothing of CSVs or raters.
"""

import tempfile
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tasks.base.images import encode_png
from tasks.base.processes import worker_pool
from tasks.base.tables import replacing
from tasks.params.phantoms import PhantomVariation
from tasks.phantoms.identity import Identity, another_sitting, identity
from tasks.phantoms.motion import Pose
from tasks.phantoms.render import Drawing, render
from tasks.phantoms.shape import Cleft, Expression
from tasks.phantoms.speech import speech, write_clip

SITTING_STREAM, SPEECH_SEED_STREAM = 31, 32


@dataclass(frozen=True)
class Still:
    """One photograph to draw; `number` counts the subject's photographs and gives each its own light and pose."""

    path: str  # below the data set's folder
    subject_id: str
    seed: int
    number: int
    size: int
    cleft: Cleft
    variation: PhantomVariation


@dataclass(frozen=True)
class Clip:
    """One speaking clip to draw."""

    path: str
    subject_id: str
    seed: int
    number: int
    size: int
    frames: int
    frames_per_second: float
    quality: int


def draw_files(out: Path, jobs: Sequence[Still | Clip], *, workers: int) -> None:
    """Draw every job's file below `out`, with a progress bar. The first error stops the rest."""
    with tqdm(total=len(jobs), desc="drawing phantoms", unit="file", mininterval=0.5) as bar:
        if workers == 1:
            for job in jobs:
                draw_file(out, job)
                bar.update()
            return
        with worker_pool(workers, __name__) as pool:
            waiting = [pool.submit(draw_file, out, job) for job in jobs]
            try:
                for done in as_completed(waiting):
                    done.result()
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def draw_file(out: Path, job: Still | Clip) -> None:
    """Draw one job's file below `out`."""
    path = out / job.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(job, Clip):
        _write_clip(path, job)
    else:
        write_whole(path, encode_png(draw_still(job).image))


def draw_still(job: Still) -> Drawing:
    """The picture of a job, with its truth."""
    person, expression, pose = moment(job)
    return render(person, size=job.size, expression=expression, pose=pose, cleft=job.cleft, frame=job.number)


def moment(job: Still) -> tuple[Identity, Expression, Pose]:
    """Who is drawn in which light, with which face, and how the head is held."""
    rng = np.random.default_rng([job.seed, job.number, SITTING_STREAM])
    spread = job.variation
    sitting = int(rng.integers(2**62))
    pose = Pose(
        yaw=float(rng.uniform(-spread.yaw, spread.yaw)),
        pitch=float(rng.uniform(-spread.pitch, spread.pitch)),
        roll=float(rng.uniform(-spread.roll, spread.roll)),
        shift_x=float(rng.uniform(-spread.shift, spread.shift)),
        shift_y=float(rng.uniform(-spread.shift, spread.shift)),
        zoom=float(1 + rng.uniform(-spread.zoom, spread.zoom)),
    )
    widening = float(rng.uniform(-spread.widening, spread.widening))
    expression = Expression(float(rng.uniform(0, spread.opening)), widening, blink=0.0)
    return another_sitting(identity(job.seed), sitting), expression, pose


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    with replacing(path, size=len(content)) as temporary:
        temporary.write_bytes(content)


def _write_clip(path: Path, job: Clip) -> None:
    words = int(np.random.default_rng([job.seed, job.number, SPEECH_SEED_STREAM]).integers(2**62))
    moments = speech(words, frames=job.frames, frames_per_second=job.frames_per_second)
    with tempfile.TemporaryDirectory(prefix=".drawing-", dir=path.parent) as folder:
        drawing = Path(folder) / path.name
        write_clip(
            drawing,
            another_sitting(identity(job.seed), words),
            moments,
            size=job.size,
            frames_per_second=job.frames_per_second,
            quality=job.quality,
        )
        drawing.replace(path)
