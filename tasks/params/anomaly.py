"""The numbers of the anomaly stages (Hayajneh et al.)."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from tasks.params import Block, Disagreement
from tasks.params.faces import Align, PerceptualNet


class AnomalyAlign(Align):
    """How a face is levelled, scaled and cropped for the generator (section 1.1)."""


class ControlAugmentation(Block):
    """How a control's picture is changed in training (tasks.anomaly.augmentation). 0 switches a change off."""

    flip: float = Field(ge=0, le=1, description="probability of mirroring")
    zoom: float = Field(ge=0, lt=1, description="standard deviation of the scale, share")
    aspect: float = Field(ge=0, lt=1, description="standard deviation of width against height, share")
    turn: float = Field(ge=0, le=90, description="standard deviation, degrees")
    shift: float = Field(ge=0, lt=1, description="standard deviation, share of half the side")
    elastic: float = Field(ge=0, lt=1, description="left and right alike; standard deviation, share of half the side")
    tone: float = Field(ge=0, description="standard deviation of the log of gamma")
    colour: float = Field(ge=0, description="standard deviation of the log of each channel's gain")


class Reconstruction(Block):
    """The generator fitted as the second half of an autoencoder (tasks.anomaly.reconstruction)."""

    ssim_weight: float = Field(ge=0, description="of 1 - SSIM beside the mean absolute difference")
    mouth_weight: float = Field(ge=0, description="extra weight of mouth and nose, 0: none")
    latent_noise: float = Field(ge=0, description="standard deviation of what is added to z, z's own being 1")
    spread_weight: float = Field(ge=0, description="of z's means and covariances against 0 and 1")
    encoder_rate: float = Field(gt=0, description="the encoder's highest learning rate")


class Adversarial(Block):
    """StyleGAN2's own training (tasks.anomaly.adversarial; Karras et al. 2020)."""

    r1_weight: float = Field(ge=0, description="gamma of the gradient penalty on controls")
    r1_every: int = Field(ge=1, description="steps between gradient penalties (lazy regularisation)")
    path_weight: float = Field(ge=0, description="of the path length penalty")
    path_every: int = Field(ge=1, description="steps between path length penalties")
    mixing: float = Field(ge=0, le=1, description="probability that two latents share a picture")
    average: float = Field(ge=0, lt=1, description="share of the running mean of weights kept each step")


class AnomalyGenerator(Block):
    """The generator: trained on controls, or read from a file (tasks.anomaly.training, tasks.anomaly.checkpoints)."""

    source: str = Field(description="controls: trained on them; else the name of a file in data/weights")
    sha256: str | None = Field(description="of that file, hexadecimal; null for controls")
    seed: int = Field(ge=0)
    threads: int = Field(ge=1, description="CPU threads; another number gives other last bits")
    held_out: float = Field(ge=0, lt=1, description="share of the control subjects that never train")
    z_dim: int = Field(ge=1)
    w_dim: int = Field(ge=1)
    mapping_layers: int = Field(ge=1)
    mapping_rate: float = Field(gt=0, le=10, description="learning-rate multiplier of the mapping")
    channel_base: int = Field(ge=32, description="feature maps times side, where not limited by channel_max")
    channel_max: int = Field(ge=4)
    method: Literal["reconstruction", "adversarial"]
    steps: dict[int, int] = Field(description="optimiser steps by side, from coarse to fine; the last is the full side")
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0, description="the highest")
    warmup_steps: int = Field(ge=0)
    flat_share: float = Field(ge=0, lt=1, description="of the steps before the rate falls linearly")
    final_share: float = Field(ge=0, le=1, description="of the highest rate, left at the last step")
    evaluate_every: int = Field(ge=1, description="steps between rows of the curves and checkpoints")
    face_required: bool = Field(description="whether nobody is scored where the trained generator draws no face")
    augmentation: ControlAugmentation
    reconstruction: Reconstruction
    adversarial: Adversarial

    @field_validator("steps")
    @classmethod
    def _sides(cls, steps: dict[int, int]) -> dict[int, int]:
        if strange := [side for side in steps if side < 4 or side & (side - 1)]:  # noqa: PLR2004
            raise ValueError(f"side {strange[0]} is no power of two from 4 on")
        if idle := [side for side, own in steps.items() if own < 1]:
            raise ValueError(f"side {idle[0]} has {steps[idle[0]]} steps; at least 1, or leave the side out")
        if not steps:
            raise ValueError("no side has steps; write {SIDE: STEPS, ...}, such as { 16: 200, 64: 400 }")
        return steps


class AnomalyPerceptual(PerceptualNet):
    """LPIPS, where pictures are compared (equation 1)."""


class FaceLoss(Block):
    """Weights of what a drawn face's distance from the photograph is made of (tasks.anomaly.likeness). 0: left out."""

    lpips: float = Field(ge=0)
    l2: float = Field(ge=0, description="mean squared difference, pixels in -1..1")
    l1: float = Field(ge=0, description="mean absolute difference, pixels in -1..1")
    ssim: float = Field(ge=0, description="1 - SSIM")


class AnomalyInvert(Block):
    """The nearest face that the generator draws (tasks.anomaly.inversion; Algorithm 1)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    together: int = Field(ge=1, description="faces in one batch")
    populations: tuple[Literal["control", "repaired", "unrepaired"], ...] = Field(
        description="whose photographs; of controls only those that trained no generator"
    )
    space: Literal["w", "w_plus"]
    mean_latents: int = Field(ge=100, description="drawn for the mean w and its spread")
    iterations: int = Field(ge=1)
    learning_rate: float = Field(gt=0, description="the highest")
    ramp_up: float = Field(ge=0, le=1, description="share of the iterations over which the rate rises")
    ramp_down: float = Field(ge=0, le=1, description="share of the iterations over which the rate falls (cosine)")
    latent_noise: float = Field(ge=0, description="noise added to w at first, in standard deviations of w")
    noise_until: float = Field(ge=0, le=1, description="share of the iterations after which none is added")
    loss: FaceLoss = Field(description="published: lpips 1")
    noise_weight: float = Field(ge=0, description="alpha, of the noise regulariser")
    smallest_noise: int = Field(ge=4, description="coarsest side of the regulariser's pyramid, pixels")
    curve_points: int = Field(ge=2, description="distances kept")
    checkpoint_every: int = Field(ge=1, description="iterations that a kill loses at most")
    starts: int = Field(ge=1, description="tries when the loss is no number, each from another start")
    precision: Literal["float32", "stored", "bfloat16"] = Field(description="on a GPU; a CPU computes in float32")


class AnomalyAdapt(Block):
    """The generator fitted to one face, its latent frozen (tasks.anomaly.adaptation; Algorithm 2)."""

    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    together: int = Field(ge=1, description="faces in one batch")
    iterations: int = Field(ge=1, description="of the normalised face; published: 50")
    until: int = Field(ge=1, description="iterations in all, for scores over adaptation steps (Figure 8)")
    keep_every: int = Field(ge=1, description="iterations between kept pictures")
    learning_rate: float = Field(gt=0)
    loss: FaceLoss = Field(description="published: lpips 1, l2 1")
    precision: Literal["float32", "stored", "bfloat16"] = Field(description="on a GPU; a CPU computes in float32")


class AnomalyScore(Block):
    """Heatmaps and scores (tasks.faces.heatmaps, tasks.anomaly.scores; sections 1.3 to 1.6)."""

    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    erosion: Literal[3, 5, 7] = Field(description="neighbourhood of the minimum filter, pixels; published: 3")
    soft_edge: float = Field(ge=0, le=0.5, description="Gaussian edge of the region masks, share of the side; 0: hard")
    heatmap: Literal["pse", "ssim", "lpips"] = Field(description="the headline score and picture")
    processing: Literal["base", "ycbcr", "erosion", "both"] = Field(description="the headline score and picture")
    region: Literal["mouth", "face"] = Field(description="the headline score and picture")
    normal: Literal["data/anomaly/adaptations", "data/inpainting/fillings"] = Field(
        description="the face that a photograph is held against: the nearest one that the generator draws, or the "
        "photograph with lips and nose filled by the other system; published: data/anomaly/adaptations"
    )
    brightness: Literal["as_is", "evened"] = Field(
        description="of every score; evened: both pictures multiplied so that the photograph's nose and mouth have one "
        "mean, in every skin; published: as_is"
    )

    @property
    def filled(self) -> bool:
        """Whether a photograph is held against its filling."""
        return self.normal.endswith("fillings")


def disagreements(blocks: Mapping[str, BaseModel]) -> Iterator[Disagreement]:
    """A generator that is trained here draws the pictures that are aligned here."""
    align, generator = blocks.get("anomaly_align"), blocks.get("anomaly_generator")
    if not (isinstance(align, AnomalyAlign) and isinstance(generator, AnomalyGenerator)):
        return
    if generator.source != "controls":
        return
    if align.size & (align.size - 1):
        yield "anomaly_align.size", f"{align.size}: the generator is trained for powers of two: 32, 64, ... 1024"
    elif (last := max(generator.steps)) != align.size:
        said = f"the last side is {last}, and pictures have {align.size} (anomaly_align.size); make them equal"
        yield "anomaly_generator.steps", said
