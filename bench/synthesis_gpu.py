"""Seconds a training step, peak memory and seconds a picture at full FLUX size; ours against diffusers' plain recipe.

Random weights: neither time nor memory depends on them. The plain recipe is a loop as in diffusers' FLUX LoRA script
with a caption a photograph and nothing kept: base in bfloat16, VAE and both text encoders at every step, gradient
checkpointing, torch's AdamW. Ours: latents and texts kept, encoders gone, the base in each precision, bitsandbytes'
AdamW8bit, and torch's deterministic algorithms alone. Same adapter, sides, batch, loss and attention (not cuDNN's).
Without a CUDA card it says so. --tiny runs the same code on any machine, at a size where numbers mean nothing.

    python -m bench.synthesis_gpu [--sides 512 768 1024] [--steps 8] [--precisions bfloat16 fp8 int8 nf4] [--tiny]
"""

import argparse
import datetime
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from bitsandbytes.optim import AdamW8bit
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from bench.flux_networks import FULL, RANK, SEED, TARGETS, TINY, Inputs, kept, learning, made, step, transformer
from tasks import params
from tasks.base import runtime
from tasks.params.synthesis import Precision, SynthesisTrain
from tasks.synthesis import generation, memory
from tasks.synthesis.texts import Encoded

PLAIN = "plain recipe"
GB = 1e9


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    way: str
    side: int
    step_s: float
    step_gb: float
    picture_s: float | None
    picture_gb: float | None
    computed_gb: float


class Bench:
    """The machine and how long is measured."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.size, self.device = TINY if arguments.tiny else FULL, runtime.device()
        self.steps, self.sides = arguments.steps, arguments.sides

    def measured(self, work: Callable[[], object]) -> tuple[float, float]:
        """Median seconds after one unmeasured run, and the highest memory, GB (0 on a CPU)."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        work()
        spent = []
        for _ in range(self.steps):
            started = self.now()
            work()
            spent.append(self.now() - started)
        top = torch.cuda.max_memory_allocated() / GB if self.device.type == "cuda" else 0.0
        return statistics.median(spent), top

    def now(self) -> float:
        """Seconds, once the device has done what it was asked."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def computed(self, kind: Precision, side: int) -> float:
        """What tasks/synthesis/memory.py says of our training step, GB, without CUDA's own."""
        settings = params.load(SynthesisTrain, "synthesis_train").model_copy(
            update={"rank": RANK, "targets": TARGETS, "batch_size": 1}
        )
        needed = memory.training_bytes(
            memory.network(self.size.transformer), settings=settings, side=side, text=self.size.text, precision=kind,
            checkpointing=True,
        )  # fmt: skip
        return (needed - memory.CONTEXT) / GB

    def plain(self) -> Iterator[Row]:
        """The plain recipe: everything in memory, encoded at every step, AdamW in 32 bits."""
        networks = {
            "vae": lambda: AutoencoderKL(**self.size.vae),
            "t5": lambda: T5EncoderModel(T5Config(**self.size.t5)),
            "clip": lambda: CLIPTextModel(CLIPTextConfig(**self.size.clip)),
        }
        here = {name: made(build, torch.bfloat16, self.device) for name, build in networks.items()}
        network = transformer(self.size, "bfloat16", self.device)
        own = learning(network)
        optimiser = torch.optim.AdamW(own, lr=1e-4)
        for side in self.sides:
            picture = torch.rand(1, 3, side, side, device=self.device, dtype=torch.bfloat16) * 2 - 1
            words = torch.ones(1, self.size.text, device=self.device, dtype=torch.long)

            def work(picture: Tensor = picture, words: Tensor = words) -> None:
                with torch.no_grad():
                    mean = here["vae"].encode(picture).latent_dist.sample()
                    latent = (mean - self.size.vae["shift_factor"]) * self.size.vae["scaling_factor"]
                    tokens, pooled = here["t5"](words)[0], here["clip"](words[:, :77]).pooler_output
                step(network, own, optimiser, Inputs(latent, tokens, pooled))

            yield Row(PLAIN, side, *self.measured(work), None, None, self.computed("bfloat16", side))

    def ours(self, kind: Precision) -> Iterator[Row]:
        """Latents and texts kept, the base in one precision, moments in 8 bits; then pictures with the adapter."""
        with runtime.settled(threads=torch.get_num_threads(), seed=SEED):
            yield from self.settled(kind)

    def settled(self, kind: Precision) -> Iterator[Row]:
        """As our stages run: torch's deterministic algorithms alone."""
        network = transformer(self.size, kind, self.device)
        own = learning(network)
        optimiser = AdamW8bit(own, lr=1e-4)
        trained = {}
        for side in self.sides:
            inputs = kept(self.size, side, self.device)
            trained[side] = self.measured(partial(step, network, own, optimiser, inputs))
        optimiser.state.clear()
        network.eval()
        pipeline = generation.pipeline_of(
            network, made(lambda: AutoencoderKL(**self.size.vae), torch.bfloat16, self.device),
            FlowMatchEulerDiscreteScheduler(shift=1.0, use_dynamic_shifting=False),
        )  # fmt: skip
        for side in self.sides:
            inputs = kept(self.size, side, self.device)
            encoded = Encoded(inputs.pooled.float().cpu(), inputs.tokens.float().cpu(), [0], [0])
            draw = partial(generation.draw, pipeline, encoded, [SEED], side=side, steps=4, guidance=1, together=1)
            drawn = self.measured(draw)
            yield Row(kind, side, *trained[side], *drawn, self.computed(kind, side))


def table(rows: list[Row]) -> str:
    """Markdown; the last column is the plain recipe's seconds a step over this row's, in the same run.

    "computed": for a training step by tasks/synthesis/memory.py, which does not count encoders in memory.
    """
    plain = {row.side: row.step_s for row in rows if row.way == PLAIN}
    lines = [
        "| base | px | s a step | GB | computed | s a picture, 4 steps | GB | times as fast as plain |",
        "|---" * 8 + "|",
    ]
    for row in rows:
        drawn = "| | " if row.picture_s is None else f"| {row.picture_s:.2f} | {row.picture_gb:.1f} "
        ratio = f"{plain[row.side] / row.step_s:.2f}" if row.side in plain else ""
        trained = f"{row.step_s:.3f} | {row.step_gb:.1f} | {row.computed_gb:.1f}"
        lines.append(f"| {row.way} | {row.side} | {trained} {drawn}| {ratio} |")
    return "\n".join(lines)


def options(given: list[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 768, 1024])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--precisions", nargs="+", default=list(memory.PRECISIONS), choices=memory.PRECISIONS)
    parser.add_argument("--without-plain", action="store_true", help="cards under 48 GB: the plain recipe takes more")
    parser.add_argument("--tiny", action="store_true", help="the same code at a size that any machine runs")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """The table of all ways, each with the card to itself."""
    arguments = options(given)
    if not torch.cuda.is_available() and not arguments.tiny:
        print("bench.synthesis_gpu: no CUDA card here, nothing measured; --tiny runs the same code on the CPU")
        return
    bench, rows = Bench(arguments), list[Row]()
    ways: list[Callable[[], Iterator[Row]]] = [] if arguments.without_plain else [bench.plain]
    kinds = [kind for kind in arguments.precisions if kind != "nf4" or torch.cuda.is_available()]
    ways += [partial(bench.ours, kind) for kind in kinds]
    torch.manual_seed(SEED)
    torch.backends.cuda.enable_cudnn_sdp(False)  # as runtime.settled, which says why
    for way in ways:
        for row in way():
            rows.append(row)
            print(f"{row.way}, {row.side} px: {row.step_s:.3f} s a step", file=sys.stderr, flush=True)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    where = (
        torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU, tiny networks: the numbers mean nothing"
    )
    print(f"{datetime.datetime.now(datetime.UTC).date()}, {where}, torch {torch.__version__}, batch 1, rank {RANK}\n")
    print(table(rows))


if __name__ == "__main__":
    main()
