"""Seconds a face of inversion and adaptation: ours, alone and several at once, against a plain loop, in the same run.

The plain loop is the published recipe as most people write it: one face, LPIPS of the photograph again at every
iteration, the noise regulariser map by map and halving by halving, Adam over a list of tensors; then a copy of the
generator for every face. Same generator, LPIPS, iterations, random numbers and threads, so that both go the same way,
and scores differ by rounding alone. Faces are drawn. Without --generator: one with random weights, of the demo's size.

    python -m bench.inversion [--size 64] [--together 8] [--iterations 100] [--generator PATH] [--rounds 3]
    python -m bench.inversion --tiny
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.anomaly import noise, rows, schedules
from tasks.anomaly.adaptation import adapt
from tasks.anomaly.checkpoints import load_generator
from tasks.anomaly.inversion import Inversion, invert, mean_latent
from tasks.anomaly.scores import anomaly_score
from tasks.anomaly.search import BLOCK, MeanLatent
from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.base import runtime
from tasks.faces import heatmaps
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.params.anomaly import AnomalyAdapt, AnomalyInvert, AnomalyPerceptual, FaceLoss
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT

SEED = 1


def plain_inversion(
    target: Tensor, name: str, generator: Generator, perceptual: Perceptual, latent: MeanLatent, settings: AnomalyInvert
) -> tuple[Tensor, list[Tensor], Tensor]:
    """The published recipe for one picture (3, R, R): w (1, styles, w_dim), noise maps, picture."""
    device, architecture = generator.constant.device, generator.architecture
    styles = generator.num_ws if settings.space == "w_plus" else 1
    seeded = runtime.generator(settings.seed, "start", name, 0)
    torch.randn(latent.mean.shape, generator=seeded)  # ours draws a later start's offset first
    sides = architecture.noise_sides
    numbers = torch.randn(1, sum(side**2 for side in sides), generator=seeded).to(device)
    maps = [own.clone().requires_grad_() for own in rows.unpacked(numbers, noise.shapes(architecture))]
    w = latent.mean.to(device).repeat(1, styles, 1).requires_grad_()
    optimiser = torch.optim.Adam([w, *maps], lr=settings.learning_rate)
    for step in range(settings.iterations):
        optimiser.param_groups[0]["lr"] = schedules.learning_rate(step, settings)
        if step % BLOCK == 0:
            drawn = runtime.generator(settings.seed, "latent noise", name, 0, step // BLOCK)
            jitter = torch.randn(BLOCK, styles, generator.w_dim, generator=drawn).to(device)
        noisy = w + jitter[step % BLOCK] * (schedules.latent_noise(step, settings) * latent.spread)
        picture = generator.synthesise(noisy.expand(-1, generator.num_ws, -1), maps)
        distance = perceptual.distance(perceptual.features(picture), perceptual.features(target[None]))
        loss = distance.sum() + settings.noise_weight * plain_regulariser(maps, settings.smallest_noise)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        with torch.no_grad():
            for own in maps:
                own -= own.mean()
                own *= own.square().mean().rsqrt()
    with torch.no_grad():
        return w.detach(), maps, generator.synthesise(w.expand(-1, generator.num_ws, -1), maps)[0]


def plain_regulariser(maps: list[Tensor], smallest: int) -> Tensor:
    """Map by map, halving by halving."""
    total = torch.zeros((), device=maps[0].device)
    for own in maps:
        while True:
            total = total + (own * own.roll(1, 3)).mean() ** 2 + (own * own.roll(1, 2)).mean() ** 2
            if own.shape[3] <= smallest:
                break
            own = F.avg_pool2d(own, 2)
    return total


def plain_adaptation(
    target: Tensor, w: Tensor, maps: list[Tensor], generator: Generator, perceptual: Perceptual, settings: AnomalyAdapt
) -> Tensor:
    """A copy of the generator fitted to one picture: what it draws in the end, (3, R, R)."""
    own = copy.deepcopy(generator)
    fitted = [value.requires_grad_() for name, value in own.named_parameters() if not name.startswith("mapper")]
    optimiser = torch.optim.Adam(fitted, lr=settings.learning_rate)
    styles, maps = w.expand(-1, generator.num_ws, -1), [noises.detach() for noises in maps]
    for _ in range(settings.iterations):
        picture = own.synthesise(styles, maps)
        lpips = perceptual.distance(perceptual.features(picture), perceptual.features(target[None])).sum()
        loss = settings.loss.lpips * lpips + settings.loss.l2 * (picture - target).square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    with torch.no_grad():
        return own.synthesise(styles, maps)[0]


@dataclass(frozen=True)
class Run:
    """What one way drew in the end, and its seconds a face."""

    pictures: list[Tensor]
    seconds: dict[str, float]  # of inversion, adaptation, both


def timed(pictures: list[Tensor], inversion: float, adaptation: float) -> Run:
    """Of the seconds that all the faces took."""
    count = len(pictures)
    each = {"inversion": inversion / count, "adaptation": adaptation / count}
    return Run(pictures, each | {"both": sum(each.values())})


class Bench:
    """What is measured, and on what."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.generator = opened(arguments).to(runtime.device())
        settings = AnomalyPerceptual(net=arguments.net, trunk=arguments.trunk, size=256)
        self.perceptual = load_perceptual(settings, arguments.weights).to(runtime.device())
        self.names = [f"face {number}" for number in range(arguments.together)]
        self.targets = torch.stack([face(seed, self.generator.resolution) for seed in range(arguments.together)])
        self.latent = mean_latent(self.generator, settings=self.inverting(1))

    def inverting(self, together: int) -> AnomalyInvert:
        """The published schedule."""
        return AnomalyInvert(
            seed=SEED, threads=self.arguments.threads, together=together, populations=("control",),
            space=self.arguments.space, mean_latents=10000, iterations=self.arguments.iterations,
            learning_rate=self.arguments.learning_rate, ramp_up=0.05, ramp_down=0.25, latent_noise=0.05,
            noise_until=0.75, noise_weight=1e5, loss=FaceLoss(lpips=1, l2=0, l1=0, ssim=0),
            smallest_noise=8, curve_points=2, checkpoint_every=10**6, starts=1,
            precision=self.arguments.precision,
        )  # fmt: skip

    def adapting(self, together: int) -> AnomalyAdapt:
        """As many iterations as asked for, the last picture kept."""
        count = self.arguments.adaptation
        return AnomalyAdapt(
            threads=self.arguments.threads, together=together, iterations=count, until=count, keep_every=count,
            learning_rate=0.002, loss=FaceLoss(lpips=1, l2=1, l1=0, ssim=0), precision=self.arguments.precision,
        )  # fmt: skip

    def plain(self, count: int) -> Run:
        """Of the first `count` faces, one after the other."""
        device, pictures, spent = runtime.device(), [], [0.0, 0.0]
        networks = (self.generator, self.perceptual)
        with runtime.settled(threads=self.arguments.threads, seed=SEED):
            for target, name in zip(self.targets[:count].to(device), self.names, strict=False):
                started = now()
                w, maps, _ = plain_inversion(target, name, *networks, self.latent, self.inverting(1))
                middle = now()
                pictures.append(plain_adaptation(target, w, maps, *networks, self.adapting(1)).cpu())
                spent = [spent[0] + middle - started, spent[1] + now() - middle]
        return timed(pictures, *spent)

    def ours(self, count: int) -> Run:
        """The same of `count` faces in one batch."""
        networks, started = (self.generator, self.perceptual), now()
        targets, names = self.targets[:count], self.names[:count]
        found: list[Inversion] = invert(
            targets, names, *networks, latent=self.latent, settings=self.inverting(count), checkpoint=None,
            on_progress=None,
        )  # fmt: skip
        middle = now()
        w, noises = (torch.stack([getattr(one, part) for one in found]) for part in ("w", "noise"))
        adapted = adapt(targets, w, noises, *networks, settings=self.adapting(count), on_progress=None)
        spent = middle - started, now() - middle
        return timed([one[-1].picture for one in adapted], *spent)

    def change(self, pictures: list[Tensor], others: list[Tensor]) -> float:
        """The largest relative difference of the score (PSE, whole picture, the four processings)."""
        largest = 0.0
        for target, one, other in zip(self.targets, pictures, others, strict=False):
            for ycbcr, erosion in product((False, True), (None, 3)):
                scores = [self.score(target, picture, ycbcr, erosion) for picture in (one, other)]
                largest = max(largest, abs(scores[0] - scores[1]) / abs(scores[1]))
        return largest

    def score(self, target: Tensor, picture: Tensor, ycbcr: bool, erosion: int | None) -> float:
        """Equation 6 over the whole picture."""
        arrays = [((x.clamp(-1, 1) + 1) / 2).permute(1, 2, 0).double().numpy() for x in (target, picture)]
        heat = heatmaps.heatmap(*arrays, name="pse", ycbcr=ycbcr, erosion=erosion, perceptual=self.perceptual)
        return anomaly_score(heat, np.ones(heat.shape))


def now() -> float:
    """Seconds, once the device has done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def opened(arguments: argparse.Namespace) -> Generator:
    """The generator in a file, or one with random weights and weak noise."""
    if arguments.generator is not None:
        return load_generator(arguments.generator)
    sides = [2**power for power in range(2, arguments.size.bit_length())]
    channels = {side: min(arguments.channel_base // side, arguments.channel_max) for side in sides}
    torch.manual_seed(SEED)
    generator = Generator(
        Architecture(
            resolution=arguments.size, z_dim=arguments.w_dim, w_dim=arguments.w_dim, mapping_layers=2,
            mapping_rate=0.1, channels=channels, conv_clamp=None, half_resolutions=arguments.half_resolutions,
        )
    )  # fmt: skip
    generator.eval().requires_grad_(requires_grad=False)
    for layer in generator.layers:
        layer.noise_strength.fill_(0.02)
    return generator


def face(seed: int, size: int) -> Tensor:
    """A drawn face, (3, size, size) in -1..1."""
    drawn = render(identity(seed), size=256, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
    image = cv2.resize(drawn.image, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(image).permute(2, 0, 1).float() / 127.5 - 1


NUMBERS = {
    "size": 64, "channel-base": 2048, "channel-max": 96, "w-dim": 96, "half-resolutions": 0, "together": 8,
    "iterations": 100, "adaptation": 20, "plain-faces": 2, "threads": 1, "rounds": 3,
}  # fmt: skip
TINY = NUMBERS | {
    "size": 32, "channel-base": 256, "channel-max": 16, "w-dim": 16, "together": 2, "iterations": 3, "adaptation": 2,
    "plain-faces": 1, "rounds": 1,
}  # fmt: skip


def options(given: list[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in NUMBERS.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--tiny", action="store_true", help="a size at which the seconds mean nothing")
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--generator", type=Path, default=None)
    parser.add_argument("--weights", type=Path, default=Path("data/weights"))
    for name, word in {"net": "squeeze", "trunk": "random", "space": "w_plus", "precision": "float32"}.items():
        parser.add_argument(f"--{name}", default=word)
    if parser.parse_known_args(given)[0].tiny:
        parser.set_defaults(**{name.replace("-", "_"): number for name, number in TINY.items()})
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Measure in turns, so that a busy machine is busy for all; the ratio is the median of the rounds' ratios."""
    arguments = options(given)
    bench, faces = Bench(arguments), min(arguments.plain_faces, arguments.together)
    works: dict[str, Callable[[], Run]] = {
        "plain": lambda: bench.plain(faces),
        "ours, one face": lambda: bench.ours(1),
        "ours, together": lambda: bench.ours(arguments.together),
    }
    rounds = [{way: work() for way, work in works.items()} for _ in range(arguments.rounds)]
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    print(f"{where}, torch {torch.__version__}, {arguments.threads} threads, {bench.generator.resolution} px")
    print(f"{arguments.iterations} + {arguments.adaptation} iterations, {arguments.together} faces together")
    for way in works:
        own, plain = ([found[name].seconds for found in rounds] for name in (way, "plain"))
        spent = {part: statistics.median(one[part] for one in own) for part in own[0]}
        faster = {part: statistics.median(p[part] / o[part] for p, o in zip(plain, own, strict=True)) for part in spent}
        each = [f"{part} {spent[part]:7.2f} s a face ({faster[part]:.2f} times as fast as plain)" for part in spent]
        moved = bench.change(rounds[0][way].pictures, rounds[0]["plain"].pictures)
        print(f"{way:16} {', '.join(each)}; largest change of a score {moved:.2%}")


if __name__ == "__main__":
    main()
