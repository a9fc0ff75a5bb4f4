"""The drawn data set's numbers."""

from typing import Literal

from pydantic import Field

from tasks.params import Block


class PhantomVariation(Block):
    """How far one person's photographs differ from each other; each is drawn evenly from its range."""

    yaw: float = Field(ge=0, le=12, description="degrees to either side")
    pitch: float = Field(ge=0, le=10, description="degrees to either side")
    roll: float = Field(ge=0, description="degrees to either side")
    shift: float = Field(ge=0, description="outer eye distances to either side")
    zoom: float = Field(ge=0, lt=1, description="share of the face's size, up or down")
    opening: float = Field(ge=0, le=0.7, description="mouth, from closed; 0.7 is wide open")
    widening: float = Field(ge=0, le=1, description="mouth, narrower or wider")


class PhantomRater(Block):
    """One phantom rater of the drawn clefts (tasks.phantoms.raters)."""

    rater_id: str = Field(min_length=1)
    role: Literal["medical", "lay"]
    bias: float = Field(description="points on CARS, > 0 harsh")
    noise: float = Field(ge=0, description="standard deviation, points on CARS")
    random_share: float = Field(ge=0, le=1, description="share of the images scored at random")


class PhantomsDraw(Block):
    """The drawn data set (tasks.phantoms): how many people, pictures and clips, and who rates them."""

    seed: int = Field(ge=0)
    image_size: int = Field(ge=64, description="side of a still, pixels")
    control_subjects: int = Field(ge=0)
    stills_per_control: int = Field(ge=1)
    clip_subjects: int = Field(ge=0)
    clips_per_subject: int = Field(ge=1)
    clip_frames: int = Field(ge=1)
    clip_size: int = Field(ge=64, description="side of a clip, pixels")
    clip_quality: int = Field(ge=1, le=100, description="JPEG quality of a clip's frames")
    frames_per_second: float = Field(gt=0)
    repaired_subjects: int = Field(ge=0)
    stills_per_repaired: int = Field(ge=1)
    unrepaired_subjects: int = Field(ge=0, description="babies and children; left, right and both sides in turn")
    stills_per_unrepaired: int = Field(ge=1)
    variation: PhantomVariation
    raters: tuple[PhantomRater, ...]


class PhantomsHeads(Block):
    """The drawn heads (tasks.phantoms.heads): how asymmetric each is, and from where it is photographed."""

    seed: int = Field(ge=0)
    asymmetries: tuple[float, ...] = Field(
        description="one head each: mm RMS over nose and lips, 0 to 2; sides in turn"
    )
    width: int = Field(ge=64, description="of a photograph, pixels")
    height: int = Field(ge=64, description="of a photograph, pixels")
    ring_step: float = Field(gt=0, description="degrees between neighbours in the ring at the face's height")
    ring_reach: float = Field(ge=0, le=90, description="degrees to either side")
    pitched: tuple[tuple[float, float], ...] = Field(description="further cameras: degrees to the left, degrees above")
    distance: float = Field(gt=300, description="from the head's middle, mm")
    focal: int = Field(gt=0, description="mm on 35 mm film")
    focal_told: bool = Field(description="whether the photographs' EXIF tells the focal length")
    noise: float = Field(ge=0, description="standard deviation of a pixel, grey levels")
    quality: int = Field(ge=1, le=100, description="of the JPEG files")
