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
