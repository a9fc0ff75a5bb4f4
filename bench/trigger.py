"""Does an adapter's trigger draw a cleft? Generated mouths against the same drawn people with and without one.

`python -m bench.trigger [--people N] [--tiny]` after the demo. An axis is fitted on the mouths of N drawn people, each
once with a cleft and once without, framed and softened by the autoencoder as generated pictures are: 0 is without, 1 is
with. On it lie the pictures of the demo's prompts, with the same seeds: by the base and by the adapter, called by the
trigger and not. AUC: how often a called picture lies further than one that was not called. No number is of patients.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pyarrow.compute as pc
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks import params
from tasks.base import runtime, tables
from tasks.params.synthesis import SynthesisCaptions, SynthesisGenerate
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import Pose
from tasks.phantoms.render import render
from tasks.phantoms.shape import NO_CLEFT, SIDES, Cleft, Expression
from tasks.schemas.synthesis import PROMPTS
from tasks.synthesis import generation
from tasks.synthesis.adapter.trigger import MOUTH, without_trigger
from tasks.synthesis.framing import frame_of, framed
from tasks.synthesis.latents import decode, encode, vae_of

DATA = Path("data/synthesis")
BASE = DATA / "base/base.json"
FIRST = 8 * 10**9
SEVERITY = {"pre": (0.55, 1.0), "post": (0.4, 1.0)}
PENALTY = 300.0


def main(given: list[str] | None = None) -> None:
    """Fit the axis, draw, print a line a condition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--tiny", action="store_true", help="eight people")
    options = parser.parse_args(given)
    people = 8 if options.tiny else options.people
    print("condition | twins, AUC | base: not called, called | adapter: not called, called | AUC")
    for condition in SEVERITY:
        without, there = twins(people, condition)
        kept = 3 * people // 4
        axis = fitted(without[:kept], there[:kept])
        start, end = (float(axis.predict(mouths(part[kept:])).mean()) for part in (without, there))
        unseen = auc(axis, there[kept:], without[kept:])

        def place(pictures: np.ndarray, axis: Pipeline = axis, start: float = start, end: float = end) -> float:
            return (float(axis.predict(mouths(pictures)).mean()) - start) / (end - start)

        plain, own = (drawn(condition, adapter) for adapter in (None, DATA / condition / "adapter"))
        said = [f"{place(left):.2f}, {place(called):.2f}" for left, called in (plain, own)]
        print(f"{condition} | {unseen:.2f} | {said[0]} | {said[1]} | {auc(axis, own[1], own[0]):.2f}", flush=True)


def twins(people: int, condition: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, S, S, 3) uint8 RGB of drawn people without a cleft, and of the same with one."""
    side, margin = settings().side, params.load(SynthesisCaptions, "synthesis_captions").frame
    network, rng = vae_of(BASE, tiling=False), np.random.default_rng(runtime.seed_of("trigger", condition) % 2**32)
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for number in range(people):
        pose = Pose(
            yaw=float(rng.uniform(-4, 4)), pitch=float(rng.uniform(-3, 3)), roll=float(rng.uniform(-4, 4)),
            shift_x=0.0, shift_y=0.0, zoom=1.0,
        )  # fmt: skip
        moment = Expression(float(rng.uniform(0, 0.08)), float(rng.uniform(-0.3, 0.3)), blink=0.0)
        severity = float(rng.uniform(*SEVERITY[condition]))
        sides = SIDES if condition == "pre" else SIDES[:2]
        cleft = Cleft(severity, sides[number % len(sides)], repaired=condition == "post")
        for one, into in zip((NO_CLEFT, cleft), found, strict=True):
            drawing = render(identity(FIRST + number), size=4 * side, expression=moment, pose=pose, cleft=one, frame=0)
            whole = framed(drawing.image, None if margin is None else frame_of(drawing.landmarks, margin))
            small = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)
            into.append(decode(network, encode(network, small)[None])[0])
    return np.stack(found[0]), np.stack(found[1])


def settings() -> SynthesisGenerate:
    """As the demo draws."""
    return params.load(SynthesisGenerate, "synthesis_generate")


def drawn(condition: str, adapter: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """(n, S, S, 3) uint8 RGB of the condition's prompts without what they say of the cleft, and as they are."""
    listed = tables.read(DATA / "prompts", PROMPTS)
    own = listed.filter(pc.equal(listed["condition"], condition)).sort_by("number")
    how, seeds, prompts = settings(), own["seed"].to_pylist(), own["prompt"].to_pylist()
    weights = None if adapter is None else adapter / "pytorch_lora_weights.safetensors"
    with runtime.settled(threads=how.threads, seed=0), torch.no_grad():
        pipeline = generation.pipeline_at(BASE, weights, how)
        left, called = (
            generation.draw(
                pipeline, generation.encode_prompts(said, base=BASE, precision=how.precision), seeds,
                side=how.side, steps=how.steps, guidance=how.guidance, together=how.together,
            )
            for said in ([without_trigger(prompt) for prompt in prompts], prompts)
        )  # fmt: skip
    return left, called


def mouths(pictures: np.ndarray) -> np.ndarray:
    """(N, d) the mouth's pixels less their median colour, by its brightness: skin tone does not count."""
    side = pictures.shape[1]
    rows, columns = (slice(round(start * side), round(end * side)) for start, end in MOUTH)
    cut = pictures[:, rows, columns].astype(float)
    middle = np.median(cut, axis=(1, 2), keepdims=True)
    found: np.ndarray = ((cut - middle) / (middle.mean(axis=3, keepdims=True) + 20)).reshape(len(cut), -1)
    return found


def fitted(without: np.ndarray, there: np.ndarray) -> Pipeline:
    """Ridge regression of 0 (without) and 1 (with a cleft) on mouths."""
    values = np.concatenate([mouths(without), mouths(there)])
    return make_pipeline(StandardScaler(), Ridge(PENALTY)).fit(values, np.repeat([0.0, 1.0], len(without)))


def auc(axis: Pipeline, high: np.ndarray, low: np.ndarray) -> float:
    """How often one of `high` lies further than one of `low`."""
    values = axis.predict(mouths(np.concatenate([high, low])))
    return float(roc_auc_score(np.repeat([1, 0], [len(high), len(low)]), values))


if __name__ == "__main__":
    main()
