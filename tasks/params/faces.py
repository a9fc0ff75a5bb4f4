"""The numbers of what systems that look at a face's pixels share."""

from typing import Literal

from pydantic import Field

from tasks.params import Block


class Align(Block):
    """How a face is levelled, scaled and cropped (tasks.faces.alignment; Hayajneh et al., section 1.1)."""

    size: int = Field(ge=32, le=1024, description="side of the picture, pixels: the generator's; published: 1024")
    crop: Literal["eyes", "ffhq"] = Field(description="by the distance of the eye centres, or as FFHQ was cropped")
    eye_distance: float = Field(gt=0, description="eyes: between the eye centres, pixels; published: 100")
    eye_height: float = Field(gt=0, lt=1, description="eyes: where their line stands, share of the side from the top")
    max_outside: float = Field(ge=0, le=1, description="share of the picture that may lie outside the photograph")
    feather: float = Field(ge=0, description="Gaussian edge of the face mask where copies are added, share of the side")
    blur: float = Field(ge=0, description="Gaussian blur of the background where copies are added, share of the side")
    min_eye_distance: float = Field(ge=0, description="between the eye centres in the photograph, pixels")


class PerceptualNet(Block):
    """LPIPS (tasks.faces.perceptual; Hayajneh et al., equation 1)."""

    net: Literal["squeeze", "alex", "vgg"]
    trunk: Literal["random", "squeezenet1_1_features", "alexnet_torchvision", "vgg16_torchvision"]
    size: int = Field(ge=16, description="pictures larger than this are averaged down to it, pixels; published: 256")


class Silhouette(Block):
    """How a head's outline is told from an even background (tasks.faces.silhouette). Colour distances are Lab's."""

    side: int = Field(ge=128, description="longer side of the picture in which the outline is followed, pixels")
    smoothing: float = Field(gt=0, description="deviation of the outline's smoothing along it, pixels of that picture")
    least_difference: float = Field(gt=0, description="colour distance below which nothing is the figure")
    noise_times: float = Field(gt=0, description="and at least this many times the background's own noise")
    most_noise: float = Field(gt=0, description="of the background: above it, it is not even")
    least_background: float = Field(gt=0, le=1, description="share of the border beside the head that is background")


class Profile(Block):
    """When an outline is that of a face in profile (tasks.faces.profile)."""

    silhouette: Silhouette
    most_misfit: float = Field(gt=0, description="squared deviations from a usual profile per number: above it, none")
    least_neck: float = Field(gt=0, description="nose heights by which the outline turns in below the chin, where seen")
