"""The numbers of the inpainting stages (Chen et al.)."""

from typing import Literal

from pydantic import Field, field_validator

from tasks.params import Block
from tasks.params.faces import Align, PerceptualNet

Population = Literal["control", "repaired", "unrepaired"]
Channels = Literal["rgb", "grey"]


class InpaintingAlign(Align):
    """How a face is levelled, scaled and cropped for the network (section III.A: 256 x 256)."""


class Network(Block):
    """How large the network is, and which of its parts are there (tasks.inpainting.network.generator; section II)."""

    width: int = Field(ge=8, description="feature maps at full size; each halving doubles them; published: 64")
    halvings: int = Field(ge=2, le=4, description="of the picture's side in the encoder; paper: 3, its code: 2")
    blocks: int = Field(ge=1, description="dilated residual blocks; published code: 7")
    dilation: int = Field(ge=1, description="of the residual blocks; published code: 2")
    mask_channel: bool = Field(description="whether the mask is a fourth input channel; published: no")
    gated: bool = Field(description="gated convolutions where the size changes (Table IV: without)")
    landmarks: bool = Field(description="the landmark branch and F2 (Table IV: without)")
    spread: float = Field(ge=0, description="deviation of a point in the landmark map, pixels; 0: binary as equation 6")


class Losses(Block):
    """Weights of equation 8 (tasks.inpainting.network.losses). 0: left out."""

    pixel: float = Field(gt=0, description="L1; published: 1")
    hole: float = Field(gt=0, description="how much more a pixel under the mask weighs in it; published: 1")
    perceptual: float = Field(ge=0, description="published: 0.1")
    style: float = Field(ge=0, description="paper: 0.1; its code: 250, on the masked region")
    variation: float = Field(ge=0, description="published: 0.1")
    adversarial: float = Field(ge=0, description="published: 0.01")
    landmarks: float = Field(ge=0, description="of squared pixels of a picture of 256; published: 0.00046")


class Masks(Block):
    """What is hidden in training: probabilities, which add up with the rest to 1 (strokes: the rest)."""

    clinical: float = Field(ge=0, le=1, description="lips and nose; published: 0")
    square: float = Field(ge=0, le=1, description="the centred square; published: 0")


class InpaintingTrain(Block):
    """The network's training, on controls alone (tasks.inpainting.network.training; section III.A)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1, description="CPU threads; another number gives other last bits")
    held_out: float = Field(ge=0, lt=1, description="share of the control subjects that never train")
    network: Network
    discriminator_width: int = Field(ge=4, description="feature maps of its first layer; published code: 64")
    trunk: Literal["random", "squeezenet1_1_features", "alexnet_torchvision", "vgg16_torchvision"] = Field(
        description="of the perceptual and the style loss; published: VGG19, which the registry has not"
    )
    losses: Losses
    masks: Masks
    mirror: float = Field(ge=0, le=1, description="probability of mirroring a control; published: 0")
    colour: float = Field(ge=0, description="standard deviation of the log of each channel's gain; published: 0")
    steps: int = Field(ge=1, description="optimiser steps; published code: 130,000")
    batch_size: int = Field(ge=1, description="published: 4")
    learning_rate: float = Field(gt=0, description="published: 2.92e-4")
    discriminator_share: float = Field(gt=0, le=100, description="of that rate; published: 0.1")
    beta_1: float = Field(ge=0, lt=1, description="of Adam; published: 0")
    beta_2: float = Field(ge=0, lt=1, description="of Adam; published: 0.9")
    decay: float = Field(gt=0, le=1, description="what the rate is multiplied by; published: 0.78")
    decay_every: int = Field(ge=1, description="steps; published code: 20,000")
    average: float = Field(ge=0, lt=1, description="share of the running mean of weights kept each step; published: 0")
    evaluate_every: int = Field(ge=1, description="steps between rows of the curves and checkpoints")
    precision: Literal["float32", "bfloat16"] = Field(description="on a GPU; a CPU computes in float32")


class InpaintingFill(Block):
    """Whose lips and nose are filled, and under which mask (tasks.inpainting.network.masks; section III.B.1)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    populations: tuple[Population, ...] = Field(
        description="whose photographs; of controls only those that did not train"
    )
    side: Literal["cleft", "both"] = Field(description="cleft: the side that images.csv names, where it names one")
    around: float = Field(ge=0, le=2, description="by how much lips and nose are widened, distances of the eye centres")
    across: float = Field(ge=0, le=2, description="how far a mask of one side reaches beyond the middle, eye distances")
    without_landmarks: Literal["refuse", "lower face"] = Field(
        description="where no mouth is found (a wide cleft): ask for a mask by hand, or hide the whole lower face"
    )
    proposals: int = Field(ge=1, description="fillings per photograph; the first without jitter")
    jitter: float = Field(ge=0, le=2, description="standard deviation of a mask's shift and margin, eye distances")
    kept_side: int = Field(ge=32, le=2048, description="side of the faces kept in the table, pixels")
    most_disagreement: float = Field(
        gt=0,
        description="between the network's landmarks and those found outside the mask, eye distances; else refused",
    )


class InpaintingMeasure(Block):
    """How fillings are measured (tasks.inpainting.nearness; Tables III and IV)."""

    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    perceptual: PerceptualNet
    heatmap: Literal["pse", "ssim", "lpips"] = Field(description="how a photograph and its filling are compared")
    brightness: Literal["as_is", "evened"] = Field(
        description="of that comparison; evened: both pictures multiplied so that under the mask the photograph has "
        "one mean, in every skin; published: as_is"
    )


class InpaintingControls(Block):
    """How well faces are filled that the network never saw (tasks.inpainting.measuring; Tables III and IV)."""

    seed: int = Field(ge=0, description="of the masks, of who is measured, and of KID's subsets")
    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    most_photographs: int = Field(ge=1, description="of held-out controls, at most; one of each person first")
    channels: Channels = Field(description="in which PSNR and SSIM compare; the published code's ancestor: grey")
    window: int = Field(ge=3, description="side of SSIM's window, pixels, odd; the published code's ancestor: 51")
    inception: Literal["random", "pt_inception_fid"] = Field(description="of FID and KID; random: a stand-in")
    dims: Literal[64, 192, 768, 2048] = Field(description="features, by pytorch-fid's blocks; published: 2048")
    kid_subsets: int = Field(ge=1)
    kid_subset_size: int = Field(ge=2)

    @field_validator("window")
    @classmethod
    def _odd(cls, window: int) -> int:
        if window % 2 == 0:
            raise ValueError(f"{window} is even; a window has a pixel in its middle: take an odd number, such as 7")
        return window
