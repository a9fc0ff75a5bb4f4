"""The numbers of the ingest stages."""

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.params import Block

LandmarkModel = Literal["dlib", "mesh"]
"""Which network places the 68 points: dlib's, or the 478-point one (tasks.ingest.faces.mesh68)."""


class Scale(Block):
    """A rating scale's ends, both included."""

    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low is {self.low:g} and high {self.high:g}; low must be the smaller one")
        return self


class IngestImages(Block):
    """Which files count as photographs and which as clips (suffixes: lower case, with the dot), and how large."""

    still_suffixes: tuple[str, ...]
    clip_suffixes: tuple[str, ...]
    most_still_megabytes: int = Field(ge=1, description="larger photographs are refused before they are read")
    most_clip_megabytes: int = Field(ge=1, description="larger clips are refused before they are read")


class IngestRatings(Block):
    """Rating scales by name; a score outside its scale is refused."""

    scales: dict[str, Scale]


class IngestFrames(Block):
    """Which frames of a clip are kept."""

    rule: Literal["every", "even"] = Field(description="every `step`-th frame, or `count` spread evenly")
    step: int = Field(ge=1)
    count: int = Field(ge=1, description="most frames per clip")


class Silhouette(Block):
    """How a head's outline is told from an even background (tasks.ingest.faces.silhouette). Distances are Lab's."""

    side: int = Field(ge=128, description="longer side of the picture in which the outline is followed, pixels")
    smoothing: float = Field(gt=0, description="deviation of the outline's smoothing along it, pixels of that picture")
    least_difference: float = Field(gt=0, le=200, description="colour distance below which nothing is the figure")
    noise_times: float = Field(gt=0, description="and at least this many times the background's own noise")
    most_noise: float = Field(gt=0, le=100, description="of the background: above it, it is not even")
    least_background: float = Field(gt=0, le=1, description="share of the border beside the head that is background")


class Profile(Block):
    """When an outline is that of a face in profile (tasks.ingest.faces.profile)."""

    silhouette: Silhouette
    most_misfit: float = Field(gt=0, description="squared deviations from a usual profile per number: above it, none")
    least_underside: float = Field(gt=0, description="of the chin, nose heights: less is a collar or hair, no neck")


class IngestLandmarks(Block):
    """Detection and the quality gate (tasks.ingest.faces.landmarks)."""

    model: LandmarkModel = Field(description="of the 68 points: dlib, or mesh (the 478-point model; Apache-2.0)")
    detect_side: int = Field(ge=64, description="longer side of the picture the detector sees, pixels")
    enlarge_to: int = Field(ge=64, description="longer side for a second look when no face was found, pixels")
    min_score: float = Field(ge=-3, le=5, description="detector score below which a box is no face")
    sure_score: float = Field(
        ge=-3, le=5, description="score from which a face is upright without a look at the other three turns"
    )
    min_lead: float = Field(ge=0, le=5, description="by which a less sure face must outdo itself turned by quarters")
    second_face_score: float = Field(ge=-3, le=5, description="score from which a second box means two faces")
    several: Literal["refuse", "largest"] = Field(
        description="of several faces: the photograph is refused, or the largest one is measured"
    )
    min_interocular: float = Field(ge=0, le=2000, description="outer eye corners, original pixels")
    predict_side: int = Field(ge=64, description="dlib: face box side at which the 68 points are placed, pixels")
    max_yaw: float = Field(ge=0, le=90, description="degrees, by landmarks")
    max_pitch: float = Field(ge=0, le=90, description="degrees, by landmarks")
    max_roll: float = Field(ge=0, le=180, description="degrees, by landmarks")
    min_sharpness: float = Field(ge=0, le=1, description="share of gradient energy lost by a small blur, 0..1")
    min_mouth_contrast: float = Field(
        ge=0, le=5, description="lips against skin, see tasks.ingest.faces.quality.mouth_contrast"
    )
    profile: Profile


class IngestLips(Block):
    """The lip region and its halves (tasks.ingest.faces.lips). Margins in mouth widths."""

    half_size: int = Field(ge=8, description="side of a half, pixels; published: 224")
    margin_above: float = Field(ge=0, le=3)
    margin_below: float = Field(ge=0, le=3)
    margin_side: float = Field(ge=0, le=3)
    level_by_nose: float = Field(ge=0, le=1, description="0: the eye line is level, 1: the base of the nose")
    split_by_nose: float = Field(
        ge=0, le=1, description="the midline passes through: 0: the cupid's bow (published), 1: the nose's base"
    )
    least_half: float = Field(
        ge=0, le=2, description="a half reaches this far at least, eye distances; 0: to the farther commissure"
    )
    mirrored_half: Literal["left", "right", "none"] = Field(description="the half flipped so that both look alike")
    erosion_kernel: Literal[1, 3, 5, 7] = Field(description="minimum filter on the halves, pixels; 1: none")
