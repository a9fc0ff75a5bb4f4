"""What screening finds of planted faults, and what it holds against pictures without one.

`python -m bench.screening [--faces N] [--real FOLDER] [--tiny]`: N drawn faces (half with a cleft) a size, and the
photographs in FOLDER/london/neutral, each as it is and with every fault of tests/synthesis/planting.py. Limits are
those of params.yaml, but for blur. Recall: of the pictures with the fault, those with one of its flags. False flags: of
those without any fault. Precision: if the fault were in as many pictures as not. Photographs are counted and forgotten.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from tasks import params
from tasks.base import images, runtime
from tasks.base.processes import worker_pool
from tasks.params.synthesis import SynthesisScreen
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, Cleft
from tasks.synthesis.gate import screening
from tasks.synthesis.gate.artefacts import typology_angle
from tests.synthesis.planting import FAULTS

DRAWN_SIZES, PHOTOGRAPH_SIZES = (64, 128, 256, 384), (512, 768)
FIRST = 7 * 10**9
MIN_SHARPNESS = 0.27
"""As on photographs; params.yaml has less for the demo, whose stand-in draws pictures as soft as planted blur."""
LIGHT, DARK = 45, 0
"""Typology angles above and below which dark or pale skin asked for is a planted contradiction."""
KINDS = {**{name: frozenset(flags) for name, (_, flags) in FAULTS.items()}, "wrong skin tone": frozenset({"skin_tone"})}


@dataclass(frozen=True)
class Job:
    """A face to look at: a drawn one's number, or a photograph's file; its size in pixels."""

    face: int | Path
    size: int


def picture_of(job: Job) -> np.ndarray:
    """The picture, (size, size, 3) uint8 RGB."""
    if isinstance(job.face, Path):
        return cv2.resize(images.read(job.face), (job.size, job.size), interpolation=cv2.INTER_AREA)
    person, number = identity(FIRST + job.face), job.face
    rng = np.random.default_rng(runtime.seed_of("screening", number) % 2**32)
    pose = replace(FRONTAL, yaw=float(rng.uniform(-4, 4)), roll=float(rng.uniform(-4, 4)))
    cleft = Cleft(float(rng.uniform(0.3, 1)) if number % 2 else 0.0, "left" if number % 4 < 2 else "right")
    return render(person, size=job.size, expression=NEUTRAL, pose=pose, cleft=cleft, frame=0).image


def looked_at(job: Job) -> list[tuple[str, str, int, tuple[str, ...]]]:
    """Where from, the planted fault (empty: none), size and flags of every version of a face."""
    cv2.setNumThreads(1)
    settings = params.load(SynthesisScreen, "synthesis_screen").model_copy(update={"min_sharpness": MIN_SHARPNESS})
    picture = picture_of(job)
    seen = screening.enlarged(picture, settings.side)
    found = screening.find(
        seen, model="dlib", min_score=settings.min_score, second_face_score=settings.second_face_score
    )
    source = "photographs" if isinstance(job.face, Path) else "drawn"
    if found.points is None:
        return [(source, "", job.size, ("no_face",))]
    angle = typology_angle(seen, found.points)
    tone = "pale" if angle > LIGHT else "dark" if angle < DARK else "medium"
    results = [("", picture, tone)]
    for name, (fault, _) in FAULTS.items():
        rng = np.random.default_rng(runtime.seed_of("screening", name, str(job.face), job.size) % 2**32)
        results.append((name, fault(picture, found.points * (picture.shape[0] / seen.shape[0]), rng), tone))
    if tone != "medium":
        results.append(("wrong skin tone", picture, "dark" if tone == "pale" else "pale"))
    return [(source, name, job.size, flags_of(shown, asked, settings)) for name, shown, asked in results]


def flags_of(picture: np.ndarray, skin_tone: str, settings: SynthesisScreen) -> tuple[str, ...]:
    """Every flag that screening raises, asked for a person of this skin tone."""
    flags = screening.screen(picture, person="person", skin_tone=skin_tone, settings=settings, model="dlib")["flags"]
    assert isinstance(flags, list)
    return tuple(flags)


def table(rows: list[tuple[str, str, int, tuple[str, ...]]]) -> pd.DataFrame:
    """Recall, false flags and precision by source, size and fault."""
    return pd.DataFrame(_lines(pd.DataFrame(rows, columns=["source", "fault", "size", "raised"])))


def _lines(seen: pd.DataFrame) -> Iterator[dict[str, object]]:
    for (source, size), own in seen.groupby(["source", "size"]):
        clean = own[own.fault == ""]
        for name, flags in KINDS.items():
            planted = own[own.fault == name]
            recall = planted["raised"].map(lambda raised, wanted=flags: not wanted.isdisjoint(raised)).mean()
            false = clean["raised"].map(lambda raised, wanted=flags: not wanted.isdisjoint(raised)).mean()
            yield {
                "from": source, "size": size, "fault": name, "pictures": len(planted), "recall": recall,
                "without": len(clean), "false flags": false, "precision": recall / max(recall + false, 1e-9),
            }  # fmt: skip
        yield {
            "from": source, "size": size, "fault": "(any flag, none planted)", "pictures": len(clean),
            "false flags": clean["raised"].map(bool).mean(),
        }  # fmt: skip


def main(given: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=60, help="drawn faces a size")
    parser.add_argument("--real", type=Path, help="folder that holds london/neutral")
    parser.add_argument("--tiny", action="store_true", help="one drawn face of one size, in this process")
    options = parser.parse_args(given)
    if options.tiny:
        print(table(looked_at(Job(0, DRAWN_SIZES[1]))).round(3).to_string(index=False, na_rep=""))
        return
    jobs = [Job(number, size) for size in DRAWN_SIZES for number in range(options.faces)]
    if options.real:
        files = sorted((options.real / "london" / "neutral").glob("*.jpg"))
        jobs += [Job(file, size) for size in PHOTOGRAPH_SIZES for file in files]
    with worker_pool(len(os.sched_getaffinity(0))) as pool:
        rows = [row for found in pool.map(looked_at, jobs, chunksize=4) for row in found]
    print(table(rows).round(3).to_string(index=False, na_rep=""))


if __name__ == "__main__":
    main()
