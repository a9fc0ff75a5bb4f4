"""The numbers of the anomaly stages (Hayajneh et al.)."""

from typing import Literal

from pydantic import Field

from tasks.params.block import Block


class AnomalyAlign(Block):
    """How a face is levelled, scaled and cropped (tasks.anomaly.alignment; section 1.1)."""

    size: int = Field(ge=32, le=1024, description="side of the picture, pixels: the generator's; published: 1024")
    crop: Literal["eyes", "ffhq"] = Field(description="by the distance of the eye centres, or as FFHQ was cropped")
    eye_distance: float = Field(gt=0, description="eyes: between the eye centres, pixels; published: 100")
    eye_height: float = Field(gt=0, lt=1, description="eyes: where their line stands, share of the side from the top")
    max_outside: float = Field(ge=0, le=1, description="share of the picture that may lie outside the photograph")
    feather: float = Field(ge=0, description="Gaussian edge of the face mask where copies are added, share of the side")
    blur: float = Field(ge=0, description="Gaussian blur of the background where copies are added, share of the side")
    min_eye_distance: float = Field(ge=0, description="between the eye centres in the photograph, pixels")


class AnomalyPerceptual(Block):
    """LPIPS (tasks.anomaly.perceptual; equation 1)."""

    net: Literal["squeeze", "alex", "vgg"]
    trunk: Literal["random", "squeezenet1_1_features", "alexnet_torchvision", "vgg16_torchvision"]
    size: int = Field(ge=16, description="pictures larger than this are averaged down to it, pixels; published: 256")


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
    noise_weight: float = Field(ge=0, description="alpha, of the noise regulariser")
    smallest_noise: int = Field(ge=4, description="coarsest side of the regulariser's pyramid, pixels")
    curve_points: int = Field(ge=2, description="losses kept")
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
    lpips_weight: float = Field(ge=0)
    l2_weight: float = Field(ge=0)
    precision: Literal["float32", "stored", "bfloat16"] = Field(description="on a GPU; a CPU computes in float32")


class AnomalyScore(Block):
    """Heatmaps and scores (tasks.anomaly.heatmaps, tasks.anomaly.scores; sections 1.3 to 1.6)."""

    threads: int = Field(ge=1, description="CPU threads of one process; another number gives other last bits")
    erosion: Literal[3, 5, 7] = Field(description="neighbourhood of the minimum filter, pixels; published: 3")
    soft_edge: float = Field(ge=0, description="Gaussian edge of the region masks, share of the side; 0: hard")
    heatmap: Literal["pse", "ssim", "lpips"] = Field(description="the headline score and picture")
    processing: Literal["base", "ycbcr", "erosion", "both"] = Field(description="the headline score and picture")
    region: Literal["mouth", "face"] = Field(description="the headline score and picture")
