"""Detection, landmarks and lip crops: photographs per second against face_recognition, and how it scales.

    python -m bench.ingest peer [--photographs 60] [--folder PATH]   against a plain loop with face_recognition
    python -m bench.ingest one  [--photographs 1000]                 one photograph more, through the stages
    python -m bench.ingest scale [--photographs 1000 10000]          cost and memory a photograph

`--tiny`: any of them with three photographs. `peer` installs face_recognition into `.peers` (without its dependencies:
ours serve it). Without --folder the photographs are drawn.
"""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import types
from importlib import import_module
from pathlib import Path

import numpy as np
import psutil
import yaml

from flows import PROJECT
from tasks.base import tables
from tasks.params.phantoms import PhantomVariation
from tasks.phantoms.dataset import draw_faces
from tasks.schemas.ingest import IMAGES, LANDMARKS

PEERS = PROJECT / ".peers"
VARIATION = PhantomVariation(yaw=4, pitch=3, roll=4, shift=0.05, zoom=0.08, opening=0.08, widening=0.3)
STAGES = ("ingest_images", "ingest_frames", "ingest_landmarks", "ingest_lips")
"""The stages that are timed."""


def commands(numbers: dict[str, dict[str, str]]) -> list[list[str]]:
    """What dvc.yaml runs for STAGES, its `${block.key}` filled in."""
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    filled = (re.sub(r"\$\{(\w+)\.(\w+)\}", lambda f: numbers[f[1]][f[2]], stages[name]["cmd"]) for name in STAGES)
    return [[sys.executable, *command.split()[1:]] for command in filled]


class Bench:
    """A folder with params.yaml and a raw folder, on which the stages run as DVC would run them."""

    def __init__(self, folder: Path, *, buckets: int, sampled: dict[str, object]) -> None:
        self.folder = folder
        numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
        numbers["data"]["raw"] = "raw"
        numbers["runtime"] |= {"workers": 2, "buckets": buckets}
        numbers["ingest_landmarks"] |= sampled
        numbers["ingest_lips"]["half_size"] = 224
        (folder / "params.yaml").write_text(yaml.safe_dump(numbers))
        self.commands = commands(numbers)

    def run(self) -> tuple[float, str]:
        """All stages: wall seconds and what they said."""
        said, start = [], time.perf_counter()
        environment = os.environ | {"PYTHONPATH": str(PROJECT), "PREFECT_HOME": str(self.folder / ".prefect")}
        for command in self.commands:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, text=True, capture_output=True, check=False
            )
            if done.returncode:
                raise RuntimeError(done.stderr[-2000:])
            said.append(done.stdout.splitlines()[-1])
        return time.perf_counter() - start, "\n".join(said)


class Watch(threading.Thread):
    """CPU seconds and memory of all processes below this one, workers included, looked at five times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.cpu: dict[int, float] = {}
        self.peak_mb = 0.0

    def run(self) -> None:
        """Look until `done`."""
        while not self.done.wait(0.2):
            total = 0.0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    self.cpu[process.pid] = times.user + times.system
                    total += process.memory_info().rss / 2**20
            self.peak_mb = max(self.peak_mb, total)


def list_photographs(raw: Path) -> None:
    """images.csv for a folder of photographs, one person a file."""
    (raw / "images.csv").write_text("path,subject_id,population\n.,{stem},control\n")


def against_peer(photographs: int, folder: Path | None) -> None:
    """The same files through the stages and through a plain loop, and how far the points lie apart."""
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "raw"
        _fill(raw, photographs, folder)
        bench = Bench(Path(name), buckets=16, sampled={"min_sharpness": 0, "min_mouth_contrast": 0})
        files = sorted(path for path in raw.rglob("*") if path.suffix in (".jpg", ".png"))
        peer_seconds, theirs = peer_loop(files, Path(name))
        seconds, _ = bench.run()
        rows = tables.read(Path(name) / "data/ingest/landmarks", LANDMARKS).to_pylist()
        listed = tables.read(Path(name) / "data/ingest/images", IMAGES, ["image_id", "path"]).to_pylist()
        paths: dict[str, str] = {row["image_id"]: row["path"] for row in listed}
        apart = [
            np.linalg.norm(np.reshape(row["points"], (68, 2))[48:60] - theirs[paths[row["image_id"]]], axis=1).mean()
            / row["interocular_px"]
            for row in rows
            if row["points"] and paths[row["image_id"]] in theirs
        ]
    ours, them = len(files) / seconds, len(files) / peer_seconds
    print(f"{len(files)} photographs, 2 cores, start-up of four stages included")
    print(f"ours {ours:.1f} a second; plain loop with face_recognition {them:.1f}; ratio {ours / them:.2f}")
    print(f"found: ours {sum(bool(row['points']) for row in rows)}, theirs {len(theirs)}")
    print(
        f"mouth points apart, share of eye distance: median {np.median(apart):.4f}, 95 % {np.quantile(apart, 0.95):.4f}"
    )


def _fill(raw: Path, photographs: int, folder: Path | None) -> None:
    if folder is None:
        draw_faces(raw, photographs, seed=5, image_size=512, variation=VARIATION, workers=2)
    else:
        raw.mkdir()
        for path in sorted(folder.rglob("*.jpg"))[:photographs]:
            shutil.copy(path, raw / path.name)
    list_photographs(raw)


def peer_loop(files: list[Path], folder: Path) -> tuple[float, dict[str, np.ndarray]]:
    """What people write: load, face_landmarks, crop the lips, save.

    Seconds, and the 12 outer mouth points by the file's path in `folder`.
    """
    face_recognition = _peer()
    points = {}
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        for number, path in enumerate(files):
            image = face_recognition.load_image_file(str(path))
            found = face_recognition.face_landmarks(image)
            if not found:
                continue
            top, bottom = found[0]["top_lip"], found[0]["bottom_lip"]
            outer = np.array(top[:7] + bottom[1:6], float)
            points[path.relative_to(folder).as_posix()] = outer
            _save_crop(image, outer, Path(out) / f"{number}.png")
        return time.perf_counter() - start, points


def _save_crop(image: np.ndarray, outer: np.ndarray, path: Path) -> None:
    from PIL import Image

    left, top = np.maximum(outer.min(axis=0) - 10, 0).astype(int)
    right, bottom = (outer.max(axis=0) + 10).astype(int)
    Image.fromarray(image[top:bottom, left:right]).resize((448, 224)).save(path)


def _peer() -> types.ModuleType:
    """face_recognition, installed beside; its models package wants the vanished pkg_resources for two lines."""
    if not (PEERS / "face_recognition").exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(PEERS)]
        subprocess.run([*command, "face-recognition==1.3.0"], check=True)
    stand_in = types.ModuleType("pkg_resources")
    stand_in.resource_filename = lambda package, name: str(  # type: ignore[attr-defined]
        Path(sys.modules[package].__path__[0]) / name
    )
    sys.modules["pkg_resources"] = stand_in
    sys.path.insert(0, str(PEERS))
    return import_module("face_recognition")


def one_more(photographs: int) -> None:
    """Ingest drawn photographs, add one, ingest again: what is computed, and the time against the first run."""
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "raw"
        draw_faces(raw, photographs, seed=5, image_size=256, variation=VARIATION, workers=2)
        list_photographs(raw)
        bench = Bench(Path(name), buckets=256, sampled={})
        first, said = bench.run()
        print(f"first run, {photographs} photographs: {first:.1f} s\n{said}")
        draw_faces(Path(name) / "more", 1, seed=6, image_size=256, variation=VARIATION, workers=1)
        shutil.copy(next((Path(name) / "more").rglob("*.png")), raw / "one_more.png")
        list_photographs(raw)
        second, said = bench.run()
        print(f"\none photograph more: {second:.1f} s, {100 * second / first:.1f} % of the first run\n{said}")


def scale(sizes: list[int]) -> None:
    """CPU time a photograph beyond the stages' start-up, and memory, by number of photographs."""
    costs, start_up = [], 0.0
    for photographs in (2, *sizes):
        with tempfile.TemporaryDirectory() as name:
            raw = Path(name) / "raw"
            draw_faces(raw, photographs, seed=5, image_size=192, variation=VARIATION, workers=2)
            list_photographs(raw)
            bench = Bench(Path(name), buckets=256, sampled={"min_interocular": 20})
            watch = Watch()
            watch.start()
            wall, _ = bench.run()
            watch.done.set()
            watch.join()
        cpu = sum(watch.cpu.values())
        start_up = start_up or cpu
        print(
            f"{photographs:6d} photographs: {wall:.1f} s, {cpu:.1f} s CPU, all processes {watch.peak_mb:.0f} MB",
            flush=True,
        )
        if photographs > 2:
            costs.append((cpu - start_up) / photographs)
            print(f"        beyond start-up {1000 * costs[-1]:.1f} ms CPU a photograph", flush=True)
    if len(costs) > 1:
        print(f"cost a photograph, last against first: {costs[-1] / costs[0]:.2f}")


def main(given: list[str] | None = None) -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["peer", "one", "scale"])
    parser.add_argument("--photographs", type=int, nargs="+", default=None)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--tiny", action="store_true", help="three photographs")
    options = parser.parse_args(given)
    if options.what == "scale":
        scale(options.photographs or ([3] if options.tiny else [1000, 10000]))
        return
    count = (options.photographs or [3 if options.tiny else 60 if options.what == "peer" else 1000])[0]
    if options.what == "peer":
        against_peer(count, options.folder)
    else:
        one_more(count)


if __name__ == "__main__":
    main()
