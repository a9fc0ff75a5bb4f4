"""How often a damaged JPEG is seen, and how often a whole one is refused.

`python -m bench.damage [--photographs N] [--real FOLDER] [--tiny]`: N drawn faces with a camera's noise, or the
photographs in FOLDER/london, saved in three ways at 675 pixels (baseline, progressive, a restart marker per row of
blocks), each damaged three times in four ways at seeded places of the coded pixels. A damage counts as visible where
over half a per cent of the pixels change by over 8 grey levels, or where nothing can be decoded. The same photographs
saved again in other ways are whole: none of them may be refused.
"""

import argparse
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from tasks.base import images, runtime
from tasks.base.processes import worker_pool
from tasks.base.whole_files import jpeg
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, Cleft

FIRST = 8 * 10**9
SIDE = 675
TIMES = 3
LEVELS, SHARE = 8, 0.005
SAVED: dict[str, dict[str, Any]] = {
    "baseline": {"quality": 90},
    "progressive": {"quality": 85, "progressive": True},
    "restart marker per row": {"quality": 85, "restart_marker_rows": 1},
}
WHOLE: dict[str, dict[str, Any]] = {
    **SAVED,
    "coarse": {"quality": 40},
    "fine": {"quality": 95, "subsampling": 0},
    "optimised": {"quality": 75, "optimize": True},
    "grey": {"quality": 85},
}


@dataclass(frozen=True)
class Photograph:
    """A file, or a drawn face's number."""

    source: Path | int

    def picture(self) -> np.ndarray:
        """(SIDE, SIDE, 3) uint8 RGB."""
        if isinstance(self.source, Path):
            return cv2.resize(images.read(self.source), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        cleft = Cleft(0.8 if self.source % 2 else 0.0, "left")
        person = identity(FIRST + self.source)
        drawn = render(person, size=SIDE, expression=NEUTRAL, pose=FRONTAL, cleft=cleft, frame=0).image
        noise = np.random.default_rng(self.source).normal(0, 4, drawn.shape)
        return np.clip(drawn + noise, 0, 255).astype(np.uint8)


def flipped(data: bytearray, place: int, rng: np.random.Generator) -> bytearray:
    """One bit changed."""
    data[place] ^= 1 << int(rng.integers(8))
    return data


def changed(data: bytearray, place: int, rng: np.random.Generator) -> bytearray:
    """One byte with another value."""
    data[place] ^= int(rng.integers(1, 256))
    return data


def lost(data: bytearray, place: int, rng: np.random.Generator) -> bytearray:
    """1 to 64 bytes gone."""
    del data[place : place + int(rng.integers(1, 65))]
    return data


def zeroed(data: bytearray, place: int, rng: np.random.Generator) -> bytearray:
    """16 to 128 bytes set to zero."""
    length = int(rng.integers(16, 129))
    data[place : place + length] = bytes(len(data[place : place + length]))
    return data


DAMAGES: dict[str, Callable[[bytearray, int, np.random.Generator], bytearray]] = {
    "one bit flipped": flipped,
    "one byte changed": changed,
    "1 to 64 bytes lost": lost,
    "16 to 128 bytes zero": zeroed,
}


def damaged(data: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """The file with its coded pixels damaged once; the end marker stays."""
    start = data.find(b"\xff\xda") + 14
    place = int(rng.integers(start, len(data) - 130))
    return bytes(DAMAGES[kind](bytearray(data), place, rng))


def visible(whole: bytes, bad: bytes) -> bool:
    """Whether a person would see it."""
    (_, sound), (_, seen) = jpeg.decoded([whole, bad], cv2.IMREAD_COLOR)
    if sound is None or seen is None or seen.shape != sound.shape:
        return True
    return bool((np.abs(sound.astype(int) - seen).max(axis=2) > LEVELS).mean() > SHARE)


def saved(picture: np.ndarray, name: str) -> bytes:
    """The picture as a JPEG of this kind."""
    file = io.BytesIO()
    Image.fromarray(picture).convert("L" if name == "grey" else "RGB").save(file, "JPEG", **WHOLE[name])
    return file.getvalue()


def tried(photograph: Photograph) -> Counter[tuple[str, str, str]]:
    """What was counted of one photograph: (damage, way of saving, "all", "seen", "visible" or "visible and seen")."""
    counts: Counter[tuple[str, str, str]] = Counter()
    picture = photograph.picture()
    rng = np.random.default_rng(runtime.seed_of("damage", str(photograph.source)) % 2**32)
    for name in WHOLE:
        whole = saved(picture, name)
        counts["none", name, "all"] += 1
        counts["none", name, "seen"] += jpeg.damage(whole) is not None
        if name not in SAVED:
            continue
        for kind in DAMAGES:
            for _ in range(TIMES):
                bad = damaged(whole, kind, rng)
                seen, shown = jpeg.damage(bad) is not None, visible(whole, bad)
                counts[kind, name, "all"] += 1
                counts[kind, name, "seen"] += seen
                counts[kind, name, "visible"] += shown
                counts[kind, name, "visible and seen"] += seen and shown
    return counts


def lines(counts: Counter[tuple[str, str, str]]) -> Iterator[str]:
    """What is printed."""
    yield f"{'damage':22} {'saved':24} {'all':>12} {'visible':>12}"
    for kind in DAMAGES:
        for name in SAVED:
            number = {what: counts[kind, name, what] for what in ("all", "seen", "visible", "visible and seen")}
            every, shown = (
                f"{number['seen']} of {number['all']}",
                f"{number['visible and seen']} of {number['visible']}",
            )
            yield f"{kind:22} {name:24} {every:>12} {shown:>12}"
    wrong, whole = (sum(counts["none", name, what] for name in WHOLE) for what in ("seen", "all"))
    yield f"whole photographs refused: {wrong} of {whole}"


def main(given: list[str] | None = None) -> None:
    """Count and print."""
    parser = argparse.ArgumentParser("python -m bench.damage", description=__doc__)
    parser.add_argument("--photographs", type=int, default=60)
    parser.add_argument("--real", type=Path, help="folder that holds london")
    parser.add_argument("--tiny", action="store_true", help="two faces: the numbers mean nothing")
    options = parser.parse_args(given)
    number = 2 if options.tiny else options.photographs
    files: list[Path | int] = list(range(number))
    if options.real:
        files = [*sorted((options.real / "london").rglob("*.jpg"))[:number]]
    jobs = [Photograph(source) for source in files]
    counts: Counter[tuple[str, str, str]] = Counter()
    with worker_pool(len(os.sched_getaffinity(0))) as pool:
        for found in tqdm(pool.map(tried, jobs), total=len(jobs), unit="photo"):
            counts += found
    print("\n".join(lines(counts)))


if __name__ == "__main__":
    main()
