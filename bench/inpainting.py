"""The inpainting network beside OpenCV's two methods: `python -m bench.inpainting --real PATH` (or VERMILION_REAL).

--real PATH     on photographs of real people (PATH/london/*/NNN_*.jpg, NNN the person), the people split anew for each
                seed. Prints, for each kind of mask and each method, how near the filling is to what was hidden, and how
                far the points that dlib finds on it lie from those that it finds on the photograph.
  --seeds 1 2 3 --steps N --threads 2   whom and how long is trained
  --drawn N                             so many drawn people train, too
--speed         pictures a second in training and filling, beside the same network written plainly; needs no photographs
--demo          in a project that has run, of its drawn patients: is a cleft still seen in fillings; where are the lips
--bound         there: how near to the truth any filling could come that cannot see the mouth
--tiny          the same code on a few drawn faces, in seconds

Numbers: bench/inpainting.yaml. Nothing is written.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from bench import inpainting_bound, inpainting_cleft, inpainting_faces, inpainting_real, inpainting_speed
from bench.inpainting_faces import Numbers
from bench.inpainting_real import Row
from bench.london_faces import draw_set
from tasks.schemas.inpainting import MASK_KINDS

TINY_PEOPLE = 8
METHODS = {"network": "network", "telea": "OpenCV, Telea", "ns": "OpenCV, Navier-Stokes"}
SHOWN = {
    "masked_psnr": "PSNR, dB",
    "masked_ssim": "SSIM",
    "psnr": "whole PSNR",
    "ssim": "whole SSIM",
    "landmarks_hidden": "hidden points",
    "landmarks": "all points",
}
"""Columns: under the mask; of the whole picture; distance of dlib's points, eye distances."""
BRANCH = {"landmark_error_inside": "hidden", "landmark_error_outside": "seen"}


def options(given: list[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, help="of the training, in place of bench/inpainting.yaml's")
    parser.add_argument("--threads", type=int, default=2, help="of the training; cores that nothing else uses")
    parser.add_argument("--drawn", type=int, default=0, help="drawn people who train, too")
    parser.add_argument("--speed", action="store_true", help="how fast the network is; needs no photographs")
    parser.add_argument("--demo", action="store_true", help="the fillings of the project in the working directory")
    parser.add_argument("--bound", action="store_true", help="how near any filling could come there")
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    chosen = parser.parse_args(given)
    if chosen.real is None and not (chosen.tiny or chosen.speed or chosen.demo or chosen.bound):
        parser.error("give --real, or set VERMILION_REAL, to the folder with london/")
    return chosen


def main(given: list[str] | None = None) -> None:
    """Measure, on the real set or a drawn one."""
    chosen = options(given)
    cv2.setNumThreads(1)
    numbers = inpainting_faces.changed(inpainting_faces.usual(), threads=chosen.threads)
    if chosen.steps:
        numbers = inpainting_faces.changed(numbers, steps=chosen.steps, decay_every=max(chosen.steps // 4, 1))
    if chosen.speed:
        print(inpainting_speed.measure(numbers.train, numbers.align.size, rounds=2 if chosen.tiny else 30))
    elif chosen.demo:
        print(
            inpainting_cleft.measure(**({"people": 4, "steps": 4} if chosen.tiny else {"people": 100, "steps": 1200}))
        )
    elif chosen.bound:
        print(inpainting_bound.measure(**({"guesses": 2, "photographs": 2} if chosen.tiny else {"guesses": 32})))
    elif not chosen.tiny:
        measure(chosen.real, numbers, seeds=chosen.seeds, drawn=chosen.drawn)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            folder = draw_set(Path(scratch), people=TINY_PEOPLE)
            measure(folder, inpainting_faces.tiny(numbers), seeds=[1], drawn=2)


def measure(folder: Path, numbers: Numbers, *, seeds: list[int], drawn: int) -> None:
    """Print each seed's figures as it ends, and the means."""
    faces = inpainting_faces.find(folder, numbers)
    more = inpainting_faces.drawn(drawn, numbers, workers=1) if drawn else []
    print(
        f"{len(faces)} photographs of {len({face.subject_id for face in faces})} people, {len(more)} drawn faces more"
    )
    by_seed: list[list[Row]] = []
    for seed in seeds:
        began = time.monotonic()
        own = inpainting_faces.changed(numbers, seed=seed)
        by_seed.append(inpainting_real.train_and_fill(faces, more, own))
        print(f"seed {seed}, {time.monotonic() - began:.0f} s\n{table(by_seed[-1:])}\n", flush=True)
    print(f"mean of {len(seeds)} seeds\n{table(by_seed)}\n{gains(by_seed)}")


def table(by_seed: list[list[Row]]) -> str:
    """A line for each kind of mask and method: the mean over seeds of the means over photographs."""
    lines = [f"{'':10}{'':24}" + "".join(f"{title:>15}" for title in SHOWN.values())]
    for kind in MASK_KINDS:
        for method, title in METHODS.items():
            values = [mean(by_seed, kind, method, name) for name in SHOWN]
            lines.append(f"{kind:10}{title:24}" + "".join(f"{value:15.3f}" for value in values))
        own = ", ".join(f"{title} {mean(by_seed, kind, 'network', name):.3f}" for name, title in BRANCH.items())
        lines.append(f"{'':10}the network's own points from dlib's, eye distances: {own}")
    return "\n".join(lines)


def gains(by_seed: list[list[Row]]) -> str:
    """How much better the network is than the better one of OpenCV's, by kind of mask."""
    lines = []
    for kind in MASK_KINDS:
        psnr, ssim, points = (gain(by_seed, kind, name) for name in ("masked_psnr", "masked_ssim", "landmarks_hidden"))
        said = f"{psnr:+.2f} dB, SSIM {ssim:+.3f}, hidden points nearer by {-points:+.3f} eye distances"
        lines.append(f"network above the better one of OpenCV's, {kind}: {said}")
    return "\n".join(lines)


def gain(by_seed: list[list[Row]], kind: str, name: str) -> float:
    """The network's value less that of OpenCV's better method."""
    ours, *theirs = (mean(by_seed, kind, method, name) for method in METHODS)
    return ours - (min if name.startswith("landmarks") else max)(theirs)


def mean(by_seed: list[list[Row]], kind: str, method: str, name: str) -> float:
    """Over seeds, of the mean over photographs."""
    own = [[row[name] for row in rows if (row["mask"], row["method"]) == (kind, method)] for rows in by_seed]
    return float(np.mean([np.mean([value for value in values if value is not None]) for values in own]))


if __name__ == "__main__":
    main()
