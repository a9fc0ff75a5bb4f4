"""Training pairs per second: this project's training against the plain PyTorch recipe, in the same run.

The plain recipe: PNG halves in folders, a data set that opens two files a pair (PIL, resize, to tensor,
normalise), the default DataLoader, torchvision's MobileNetV2 applied to the left and then to the right half.
Ours: `tasks.symmetry.training.train`, decoding included. Same halves (phantoms), network, batch size,
optimiser, steps and threads; neither augments, except in the row that says so.

    python -m bench.training_pairs [--threads 2] [--input-size 64] [--rounds 3] [--tiny]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from tasks.base import runtime
from tasks.base.images import encode_png
from tasks.ingest.faces.lips import crop_lips
from tasks.params.ingest import IngestLips
from tasks.params.symmetry import Augmentation, SymmetryTrain
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT
from tasks.schemas.ingest import LIPS
from tasks.schemas.symmetry import PAIRS
from tasks.symmetry.halves import paired
from tasks.symmetry.network import IMAGENET_MEAN, IMAGENET_STD
from tasks.symmetry.training import train

MARGIN, RATE, EPOCHS = 1.0, 0.01, 4
VALIDATION_PAIRS = 4
CUT = IngestLips(
    half_size=224,
    margin_above=0.2,
    margin_below=0.12,
    margin_side=0.1,
    level_by_nose=0.0,
    split_by_nose=0.0,
    least_half=0.0,
    mirrored_half="left",
    erosion_kernel=1,
)
SOME = Augmentation(
    apart=0.7, brightness=0.1, contrast=0.2, tone=0.2, colour=0.1, lighting=0.2, shade=0.0, blur=0.015, noise=0.02,
    jpeg=0.02, flip=0.0, zoom=0.06, shift=0.03,
)  # fmt: skip
NONE = Augmentation(**dict.fromkeys(Augmentation.model_fields, 0.0))


def settings(arguments: argparse.Namespace, augmentation: Augmentation) -> SymmetryTrain:
    """The same training as the plain recipe's, as our settings say it."""
    return SymmetryTrain(
        seed=1, threads=arguments.threads, input_size=arguments.input_size, width=1.0, embedding_dim=128,
        normalise_embedding=True, pooled_grid=1, dropout=0.0, initial_weights="random", frozen_blocks=0, margin=MARGIN,
        optimiser="sgd",
        learning_rate=RATE, momentum=0.9, weight_decay=1e-5, schedule="constant", flat_share=0.0, final_share=1.0,
        warmup_steps=0, steps=10**6, max_epochs=EPOCHS, batch_size=arguments.batch_size, evaluate_every=10**6,
        patience_epochs=EPOCHS, patience_from=1.0, mixed_precision=False, augmentation=augmentation,
    )  # fmt: skip


def draw(count: int) -> list[tuple[bytes, bytes]]:
    """PNG halves of `count` phantoms' lips, 224 x 224, left and right."""
    halves = []
    for seed in range(count):
        face = render(identity(seed), size=256, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
        lips = crop_lips(face.image, face.landmarks, settings=CUT)
        halves.append((encode_png(lips.left), encode_png(lips.right)))
    return halves


class PlainPairs(Dataset):  # type: ignore[type-arg]
    """A folder of pairs, as most people write it."""

    def __init__(self, folder: Path, count: int, size: int) -> None:
        self.folder, self.count = folder, count
        self.transform = transforms.Compose(
            [transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)]
        )

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        left, right = (
            self.transform(Image.open(self.folder / side / f"{place:05}.png").convert("RGB"))
            for side in ("left", "right")
        )
        return left, right, place % 2


class PlainNetwork(torch.nn.Module):
    """torchvision's MobileNetV2 with an embedding in place of its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = torchvision.models.mobilenet_v2()
        self.branch.classifier = torch.nn.Linear(1280, 128)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings of both sides."""
        normalise = torch.nn.functional.normalize
        return normalise(self.branch(left)), normalise(self.branch(right))


def plain(folder: Path, count: int, arguments: argparse.Namespace) -> None:
    """EPOCHS of the plain recipe."""
    pairs = PlainPairs(folder, count, arguments.input_size)
    loader = DataLoader(pairs, arguments.batch_size, shuffle=True, drop_last=True)
    network = PlainNetwork().train()
    optimiser = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9, nesterov=True, weight_decay=1e-5)
    for _ in range(EPOCHS):
        for left, right, label in loader:
            left, right = network(left, right)
            apart = torch.nn.functional.pairwise_distance(left, right)
            loss = (label * apart**2 + (1 - label) * (MARGIN - apart).clamp(min=0) ** 2).mean() / 2
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


def ours(pairs: pa.Table, lips: pa.Table, augmentation: Augmentation, arguments: argparse.Namespace) -> None:
    """EPOCHS of ours, from the tables, decoding included."""
    decoded = paired(pairs, [lips], size=arguments.input_size, threads=arguments.threads)
    train(
        decoded,
        settings=settings(arguments, augmentation),
        weights_folder=Path("data/weights"),
        checkpoint=None,
        provenance={},
    )


def tables(halves: list[tuple[bytes, bytes]]) -> tuple[pa.Table, pa.Table]:
    """PAIRS and LIPS of the halves; the last few are for validation, which a training of ours cannot do without."""
    lips, pairs = [], []
    for place, (left, right) in enumerate(halves):
        name, split = f"{place:05}", "validation" if place >= len(halves) - VALIDATION_PAIRS else "train"
        common = {"subject_id": name, "population": "control"}
        lips.append({"image_id": name, "left": left, "right": right, **common})
        pairs.append(
            {"pair_id": name, "split": split, "label": place % 2, "kind": "bench", "severity": 0.0,
             "left_from": name, "right_from": name, **common}
        )  # fmt: skip
    return PAIRS.table(pairs), LIPS.table(lips)


def seconds(work: Callable[[], None], threads: int) -> tuple[float, float]:
    """Wall time and processor time of one call."""
    with runtime.settled(threads=threads, seed=1):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        return time.perf_counter() - wall, time.process_time() - processor


def main(given: list[str] | None = None) -> None:
    """Measure in turns, so that a busy machine is busy for all; the ratio is the median of the rounds' ratios.

    Processor time is what a machine that does other work at the same time disturbs least.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("threads", 2), ("input-size", 64), ("batch-size", 32), ("pairs", 256), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--tiny", action="store_true", help="a size at which the rates mean nothing")
    if parser.parse_known_args(given)[0].tiny:
        parser.set_defaults(threads=1, input_size=32, batch_size=4, pairs=4, rounds=1)
    arguments = parser.parse_args(given)
    halves = draw(arguments.pairs + VALIDATION_PAIRS)
    pairs, lips = tables(halves)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, number in (("left", 0), ("right", 1)):
            (folder / side).mkdir()
            for place, half in enumerate(halves):
                (folder / side / f"{place:05}.png").write_bytes(half[number])
        works: dict[str, Callable[[], None]] = {
            "plain recipe": lambda: plain(folder, arguments.pairs, arguments),
            "vermilion": lambda: ours(pairs, lips, NONE, arguments),
            "vermilion, augmented": lambda: ours(pairs, lips, SOME, arguments),
        }
        rounds = range(arguments.rounds)
        times = [{key: seconds(work, arguments.threads) for key, work in works.items()} for _ in rounds]
    steps = arguments.pairs // arguments.batch_size * EPOCHS
    print(f"{arguments.threads} threads, {arguments.input_size} px, {steps} steps of {arguments.batch_size} pairs")
    for key in works:
        rate = statistics.median(steps * arguments.batch_size / found[key][0] for found in times)
        ratios = (statistics.median(found["plain recipe"][i] / found[key][i] for found in times) for i in (0, 1))
        wall, processor = ratios
        print(f"{key:22} {rate:7.1f} pairs/s   {wall:.2f} times the plain recipe ({processor:.2f} by processor time)")


if __name__ == "__main__":
    main()
