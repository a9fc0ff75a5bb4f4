"""Of single changed bytes, in every kind of picture and clip: how many are refused, how many show and pass.

`python -m bench.changed [--photographs N] [--times N] [--real FOLDER] [--clips FOLDER] [--tiny]`: N drawn faces with a
camera's noise, or photographs of FOLDER/london, at 675 pixels, saved in every way that is read. One byte in the middle
third of the file gets another value. Clips: a drawn face that is moved, or frames of FOLDER/speech, as OpenCV can write
them; and the files in CLIPS as they are. A change shows where the mean over some 8 x 8 pixels differs by over 30 grey
levels from the whole file's; of a clip, in some frame.
"""

import argparse
import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from bench.damage import Photograph
from tasks.base import images
from tasks.base.runtime import seed_of
from tasks.ingest.clips.display import UnshownClip
from tasks.ingest.clips.frames import read_frames
from tasks.params.ingest import IngestFrames

LEVELS, SIDE, FRAMES = 30, 8, 40
EVERY = IngestFrames(rule="even", step=1, count=1000)
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"quality": 90}),
    "PNG": ("PNG", {}),
    "TIFF, not packed": ("TIFF", {}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "TIFF, JPEG": ("TIFF", {"compression": "jpeg"}),
    "TIFF, PackBits": ("TIFF", {"compression": "packbits"}),
    "BMP": ("BMP", {}),
    "WebP": ("WEBP", {"quality": 90}),
    "WebP, lossless": ("WEBP", {"lossless": True}),
    "AVIF": ("AVIF", {"quality": 80}),
    "HEIC": ("HEIF", {"quality": 80}),
    "HEIC, as phones": ("HEIF", {"quality": 80, "enc_params": {"x265:wpp": "0"}}),
}
CLIPS = {"MJPG": "avi", "mp4v": "mp4", "MPG1": "mpg", "MPG2": "mpg", "VP80": "webm", "VP90": "webm"}


def changed(data: bytes, rng: np.random.Generator) -> bytes:
    """The file with one byte of its middle third changed."""
    bad = bytearray(data)
    bad[int(rng.integers(len(data) // 3, 2 * len(data) // 3))] ^= int(rng.integers(1, 256))
    return bytes(bad)


def shows(whole: np.ndarray, seen: np.ndarray) -> bool:
    """Whether some 8 x 8 pixels differ by over LEVELS."""
    if whole.shape != seen.shape:
        return True
    differs = np.abs(whole.astype(int) - seen).mean(axis=2)
    height, width = (each // SIDE * SIDE for each in differs.shape)
    blocks = differs[:height, :width].reshape(height // SIDE, SIDE, width // SIDE, SIDE).mean(axis=(1, 3))
    return bool(blocks.max() > LEVELS)


def saved(picture: np.ndarray, kind: str) -> bytes:
    """The picture as a file of this kind."""
    name, options = PICTURES[kind]
    file = io.BytesIO()
    Image.fromarray(picture).save(file, name, **options)
    return file.getvalue()


def of_picture(data: bytes, rng: np.random.Generator, times: int) -> Iterator[str]:
    """`refused`, `shows` or `passes`, of each change."""
    whole = images.decode(data)
    for _ in range(times):
        try:
            yield "shows" if shows(whole, images.decode(changed(data, rng))) else "passes"
        except images.UnreadableImage:
            yield "refused"


def of_clip(path: Path, rng: np.random.Generator, times: int) -> Iterator[str]:
    """The same of a clip."""
    data, whole = path.read_bytes(), [frame for _, _, frame in read_frames(path, EVERY)]
    with tempfile.TemporaryDirectory() as folder:
        bad = Path(folder) / path.name
        for _ in range(times):
            bad.write_bytes(changed(data, rng))
            try:
                seen = [frame for _, _, frame in read_frames(bad, EVERY)]
            except UnshownClip:
                yield "refused"
                continue
            fewer = len(seen) != len(whole)
            yield "shows" if fewer or any(map(shows, whole, seen)) else "passes"


def moving(picture: np.ndarray) -> list[np.ndarray]:
    """A picture that is moved about."""
    small = cv2.resize(picture, (320, 320), interpolation=cv2.INTER_AREA)
    return [np.roll(small, (index % 7, 2 * (index % 11)), axis=(0, 1)) for index in range(FRAMES)]


def written(folder: Path, frames: Sequence[np.ndarray]) -> Iterator[tuple[str, Path]]:
    """The frames as a clip of each kind that OpenCV writes."""
    height, width = frames[0].shape[:2]
    for codec, suffix in CLIPS.items():
        path = folder / f"{codec}.{suffix}"
        video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (width, height))
        for frame in frames:
            video.write(np.ascontiguousarray(frame[..., ::-1]))
        video.release()
        yield f"clip, {codec}", path


def lines(counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """What is printed."""
    yield f"{'kind':28} {'changes':>8} {'refused':>8} {'show and pass':>14}"
    for kind in dict.fromkeys(kind for kind, _ in counts):
        number = [counts[kind, what] for what in ("refused", "shows", "passes")]
        yield f"{kind:28} {sum(number):8} {number[0]:8} {number[1]:14}"


def main(given: list[str] | None = None) -> None:
    """Count and print."""
    parser = argparse.ArgumentParser("python -m bench.changed", description=__doc__)
    parser.add_argument("--photographs", type=int, default=10)
    parser.add_argument(
        "--times", type=int, default=20, help="changes per photograph and kind; five times as many per clip"
    )
    parser.add_argument("--real", type=Path, help="folder that holds london and speech")
    parser.add_argument("--clips", type=Path, help="a folder of clips")
    parser.add_argument("--tiny", action="store_true", help="one face, one change: the numbers mean nothing")
    options = parser.parse_args(given)
    number, times = (1, 1) if options.tiny else (options.photographs, options.times)
    sources: list[Path | int] = list(range(number))
    if options.real:
        sources = [*sorted((options.real / "london").rglob("*.jpg"))[:: 204 // number][:number]]
    pictures = [Photograph(source).picture() for source in sources]
    counts: Counter[tuple[str, str]] = Counter()
    for kind in tqdm(PICTURES, unit="kind"):
        rng = np.random.default_rng(seed_of("changed", kind) % 2**32)
        for picture in pictures:
            counts.update((kind, what) for what in of_picture(saved(picture, kind), rng, times))
    with tempfile.TemporaryDirectory() as folder:
        speech = next(iter(sorted((options.real / "speech").glob("*.mpg"))), None) if options.real else None
        frames = [frame for _, _, frame in read_frames(speech, EVERY)] if speech else moving(pictures[0])
        clips = [
            *written(Path(folder), frames),
            *((path.name, path) for path in sorted((options.clips or Path()).glob("*.*")) if options.clips),
        ]
        for kind, path in tqdm(clips, unit="clip"):
            rng = np.random.default_rng(seed_of("changed", kind) % 2**32)
            counts.update((kind, what) for what in of_clip(path, rng, 1 if options.tiny else 5 * times))
    print("\n".join(lines(counts)))


if __name__ == "__main__":
    main()
