"""The numbers of the anthropometry stages. Lengths are in interocular units: the distance of the outer eye corners."""

from typing import Literal

from pydantic import Field

from tasks.params import Block


class Lips(Block):
    """How the vermilion's border is followed on the pixels (tasks.anthropometry.locating.borders)."""

    outward: float = Field(gt=0, description="how far from the model's line the border may lie, away from the mouth")
    inward: float = Field(gt=0, description="how far, towards the mouth")
    skin_from: float = Field(ge=0, description="where the skin begins that colours are learned from, from the lips")
    skin_to: float = Field(gt=0, description="where it ends")
    clearest: float = Field(gt=0, description="log odds of lip and skin beyond which a pixel counts no more")
    edge: float = Field(ge=0, description="weight of a sharp edge against that of the colours on its two sides")
    pull: float = Field(ge=0, description="cost of leaving the model's line, of the square of 1/256 units")
    stiffness: float = Field(ge=0, description="cost of a step between neighbouring columns, likewise")
    min_separation: float = Field(ge=0, description="of lip and skin colours, in deviations: below it nothing is moved")
    noise: float = Field(gt=0, description="a move much smaller than this is believed by half, a larger one in full")
    peak_reach: float = Field(gt=0, description="how far along the border a peak or the dip may move")
    peak_pull: float = Field(ge=0, description="cost of such a move against height, of the square of 1/256 units")


class Nostrils(Block):
    """How the nostrils' dark spots are found (tasks.anthropometry.locating.nostrils)."""

    reach: float = Field(gt=0, description="how far a spot may lie from the middle of the model's rim")
    reach_down: float = Field(gt=0, description="how far below it; further down lies an open cleft")
    half_width: float = Field(gt=0, description="of the ellipse that a nostril is taken for")
    half_height: float = Field(gt=0, description="likewise")
    surround: float = Field(gt=1, description="how many times larger the ellipse around it is that should be lighter")
    pull: float = Field(ge=0, description="cost of a move against log contrast, of its square")
    usual_outward: float = Field(description="where the spot lies beside the rim's middle in controls, outward")
    usual_down: float = Field(description="likewise, downward")
    min_contrast: float = Field(ge=0, description="log brightness around less within: below it, no nostril is seen")
    noise: float = Field(gt=0, description="a difference of the sides below this moves no wing, a larger one does")
    wing: float = Field(gt=0, description="how far the wing goes when the nostril's middle goes 1")


class Hairline(Block):
    """When a step in colour and grain above the brows is a hairline (tasks.anthropometry.locating.hairline)."""

    looked_from: float = Field(gt=0, description="where it is looked for: from here, above the line of the eyes")
    looked_to: float = Field(gt=0, description="up to here")
    lowest: float = Field(gt=0, description="a step lower than this is hair over the forehead")
    highest: float = Field(gt=0, description="one higher is no hairline")
    window: float = Field(gt=0, description="height of what is compared above a step and below it")
    least_step: float = Field(gt=0, description="difference of both, Lab")
    least_darker: float = Field(ge=0, description="by which hair is darker than skin, L*, unless it has coarser grain")
    coarser: float = Field(gt=1, description="times as coarse as skin that fair hair is")
    least_grain: float = Field(ge=0, description="and at least so coarse, L*")
    most_beside: float = Field(
        ge=0, le=1, description="share of hair below the line, beside the midline: above it, none"
    )


class AnthropometryPoints(Block):
    """Where the named points lie (tasks.anthropometry.locating.locate)."""

    crop: float = Field(gt=1, description="side of the 478-point model's picture over the longer one of the 68 points")
    crop_raised: float = Field(description="how much higher its middle lies than theirs, share of its side")
    max_disagreement: float = Field(
        gt=0, le=2, description="of the two models' points, pupil distances: above it, no points"
    )
    refinement: Literal["edges", "learned", "both"] = Field(
        description="lip and nose: by edges and nostrils, as learned from warped photographs, or by both"
    )
    lips: Lips
    nostrils: Nostrils
    hairline: Hairline


class AnthropometryMeasure(Block):
    """What is measured between the points, and when a photograph cannot carry it (tasks.anthropometry.measuring)."""

    confidence: float = Field(gt=0, lt=1, description="of every interval")
    intervals: bool = Field(description="whether measures get intervals by the points' errors: some 20 times the work")
    errors: Literal["photographs", "drawn"] = Field(
        description="whose points' errors: London's photographs, or drawn faces (tasks.anthropometry.errors)"
    )
    most_yaw: float = Field(
        ge=0, le=90, description="degrees; of a head turned further, widths and left against right are null"
    )
    most_smile: float = Field(
        gt=0, le=3, description="mouth width over pupil distance; above: measures of a resting mouth null"
    )
    most_opening: float = Field(
        ge=0, le=1, description="gap between the lips over pupil distance; above: such measures null"
    )
    hand_error: float = Field(gt=0, le=0.1, description="standard error of a point that a person placed, interocular")
    scale: Literal["iris", "none"] = Field(description="where millimetres come from when no scale is given")
    iris_mm: float = Field(ge=8, le=16, description="width of an iris; adults: 11.7")
    iris_sd_mm: float = Field(ge=0, le=2, description="its spread among people; adults: 0.42")
    iris_bias: float = Field(ge=0, le=0.5, description="by how much millimetres by irises come out small; London: 0.07")


class AnthropometryNorms(Block):
    """How norms are made of the project's own controls (tasks.findings.norms)."""

    people: int = Field(ge=2, description="fewest people of a group that a norm is made of")


class AnthropometryAdjust(Block):
    """How the small adjustment of points is learned from corrections (tasks.anthropometry.from_people.adjustment)."""

    shrink: float = Field(gt=0, description="weights are shrunken as by so many photographs that nobody had to correct")
    people: int = Field(ge=3, description="fewest people photographed who are to judge it, each held out in turn")


class AnthropometryProfiles(Block):
    """How sure a profile's points are (tasks.anthropometry.profiles)."""

    confidence: float = Field(gt=0, lt=1, description="of every interval")
    errors: dict[str, float] = Field(
        description="standard error of each point along either axis, nose heights (docs/anthropometry.md)"
    )


class Measure(Block):
    """What `vermilion measure` takes for a smile and an open mouth: it is given photographs, not drawn faces."""

    errors: Literal["photographs", "drawn"] = Field(description="as in anthropometry_measure, on photographs")
    most_smile: float = Field(gt=0, le=3, description="as in anthropometry_measure, on photographs")
    most_opening: float = Field(ge=0, le=1, description="as in anthropometry_measure, on photographs")


class LearnedFindings(Block):
    """The network that names findings beside the rules (tasks.anthropometry.learned); no stage uses it."""

    use: bool = Field(description="whether `vermilion measure` shows what it suggests, and nights retrain it")
    review_above: float = Field(gt=0, lt=1, description="probability from which it suggests to review")
    retrain_after: int = Field(ge=1, description="so many new judgements of findings, and a night trains a new version")
    least_people: int = Field(ge=2, description="of the training who have a finding, and who have it not")
    seed: int
    threads: int = Field(ge=1)
    input_size: int = Field(ge=64, le=1024, description="side of the cropped face, pixels")
    width: float = Field(gt=0, le=8, description="MobileNetV2's width; 1 where ImageNet's weights are given")
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0, le=10)
    dropout: float = Field(ge=0, lt=1)
