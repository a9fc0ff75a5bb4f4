"""params.yaml as frozen models: one block a stage, every number once, unknown keys refused.

In: params.yaml. Out: one `Block` for the stage that asks. Knows nothing of what the numbers do.
"""

from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.errors import InputError


class ParamsError(InputError):
    """params.yaml cannot be used; the message names the file, the block, the key and what is accepted."""


class Block(BaseModel):
    """The numbers of one stage. Frozen; a key that is not a field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Block):
    """Where raw data lie, relative to the project or absolute: the only paths outside dvc.yaml."""

    raw: Path = Field(description="folder laid out as docs/raw-layout.md says; never written to")
    added: Path = Field(description="folder of the batches that `vermilion ratings add` brought, inside the project")


class Runtime(Block):
    """How work is cut and shared out; none of it changes a result."""

    workers: int = Field(ge=1, description="processes a stage may use")
    buckets: int = Field(ge=1, le=4096, description="parts an item-wise table is cut into")
    runner: Literal["threads", "dask", "ray"] = Field(description="what computes missing buckets of a tracked run")
    cluster: str | None = Field(description="address of the Dask or Ray cluster; null starts one on this machine")
    shared_store: str | None = Field(description="folder or fsspec URL of a store shared by machines; null: none")
    cards: int | None = Field(ge=0, description="GPUs that may be used; null: as many as there are")


class Nightly(Block):
    """When everything is rebuilt, and what is done with a result that changed."""

    cron: str = Field(description="five fields, in the time of this machine")
    commit: bool = Field(description="commit dvc.lock and the headline metrics after a success")
    push: bool = Field(description="`dvc push` after a success, if a DVC remote is configured")


class Scale(Block):
    """A rating scale's ends, both included."""

    low: float
    high: float


class IngestImages(Block):
    """Which files count as photographs and which as clips (by suffix, lower case, with the dot)."""

    still_suffixes: tuple[str, ...]
    clip_suffixes: tuple[str, ...]


class IngestRatings(Block):
    """Rating scales by name; a score outside its scale is refused."""

    scales: dict[str, Scale]


class IngestFrames(Block):
    """Which frames of a clip are kept."""

    rule: Literal["every", "even"] = Field(description="every `step`-th frame, or `count` spread evenly")
    step: int = Field(ge=1)
    count: int = Field(ge=1, description="most frames a clip")


class IngestLandmarks(Block):
    """Detection and the quality gate (tasks.ingest.landmarks)."""

    detect_side: int = Field(ge=64, description="longer side of the picture the detector sees, pixels")
    enlarge_to: int = Field(ge=64, description="longer side for a second look when no face was found, pixels")
    min_score: float = Field(description="detector score below which a box is no face")
    second_face_score: float = Field(description="score from which a second box means two faces")
    min_interocular: float = Field(ge=0, description="outer eye corners, original pixels")
    predict_side: int = Field(ge=64, description="face box side at which the 68 points are placed, pixels")
    max_yaw: float = Field(ge=0, description="degrees, by landmarks")
    max_pitch: float = Field(ge=0, description="degrees, by landmarks")
    max_roll: float = Field(ge=0, description="degrees, by landmarks")
    min_sharpness: float = Field(ge=0, description="share of gradient energy lost by a small blur, 0..1")
    min_mouth_contrast: float = Field(ge=0, description="lips against skin, see tasks.ingest.quality.mouth_contrast")


class Evaluate(Block):
    """Comparison of every method with raters and references (tasks.evaluation; formulas in docs/grading.md)."""

    seed: int = Field(ge=0, description="of the bootstrap")
    resamples: int = Field(ge=100, description="bootstrap resamples; whole subjects are drawn")
    confidence: float = Field(gt=0, lt=1, description="of every interval")
    scale: str = Field(description="name of the rating scale that is compared with")
    grades: int = Field(ge=2, description="grades of that scale; scores run from 1 to this")
    positive_quantile: float = Field(ge=0, le=1, description="of the training positives' D: becomes grade 1")
    negative_quantile: float = Field(ge=0, le=1, description="of the training negatives' D: becomes the worst grade")
    reliable_share: float = Field(gt=0, lt=1, description="of the other raters' usual correlation; below it: flagged")


class Report(Block):
    """The report page (tasks.evaluation.report)."""

    examples: int = Field(ge=0, description="photographs of lowest D shown a strategy, and as many of highest")


class IngestLips(Block):
    """The lip region and its halves (tasks.ingest.lips). Margins in mouth widths."""

    half_size: int = Field(ge=8, description="side of a half, pixels; published: 224")
    margin_above: float = Field(ge=0)
    margin_below: float = Field(ge=0)
    margin_side: float = Field(ge=0)
    mirrored_half: Literal["left", "right", "none"] = Field(description="the half flipped so that both look alike")
    erosion_kernel: Literal[1, 3, 5, 7] = Field(description="minimum filter on the halves, pixels; 1: none")


class SymmetryWarp(Block):
    """Deformed and symmetric control faces (tasks.symmetry.warp). Lengths in mouth widths."""

    seed: int = Field(ge=0)
    variants: int = Field(ge=1, description="symmetric faces a photograph, and as many asymmetric ones")
    deformations: dict[str, float] = Field(description="weights of the one-sided deformations; published: clp alone")
    controls: dict[str, float] = Field(description="weights of resampled and both_sided; the first is untouched")
    severity_low: float = Field(ge=0)
    severity_high: float = Field(ge=0)
    full_strength: float = Field(gt=0, description="rise of a peak at severity 1")
    inner_lip: float = Field(ge=0, description="how far the inner lip follows in clp")
    alar: float = Field(ge=0, description="how far the alar base follows in clp")
    jitter: float = Field(ge=0, description="how much each point's move is stretched and turned")
    smooth_share: float = Field(ge=0, le=1, description="share carried by a smooth field, not the mesh")
    reach_low: float = Field(gt=0, description="of a smooth field")
    reach_high: float = Field(gt=0, description="of a smooth field")
    exemplar_weight: float = Field(ge=0, le=1, description="share of an exemplar's shape in clp")
    closed_gap: float = Field(ge=0, description="inner lips nearer than this are one vertex")
    least_area: float = Field(gt=0, lt=1, description="a triangle (a pixel) may shrink to this share, not below")
    landmarks: Literal["redetected", "displaced"] = Field(description="what cuts the lips, alike for both kinds")
    box_jitter: float = Field(ge=0, description="of the face box before landmarks are found again, share of its side")


class Augmentation(Block):
    """How training halves are changed (tasks.symmetry.augmentation). 0 switches a change off."""

    apart: float = Field(ge=0, le=1, description="0: both halves of a pair alike, 1: each half on its own")
    brightness: float = Field(ge=0, le=1, description="most added or taken, share of full scale")
    contrast: float = Field(ge=0, lt=1, description="most change of contrast, share")
    tone: float = Field(ge=0, lt=1, description="most bending of the tone curve (like gamma)")
    colour: float = Field(ge=0, lt=1, description="most gain of one colour channel, share")
    lighting: float = Field(ge=0, lt=1, description="most fall of light from edge to edge, share")
    blur: float = Field(ge=0, description="largest standard deviation, share of the half's side")
    noise: float = Field(ge=0, description="largest standard deviation, share of full scale")
    jpeg: float = Field(ge=0, description="largest quantisation step of JPEG-like loss, share of full scale")
    flip: float = Field(ge=0, le=1, description="probability of mirroring both halves alike")
    zoom: float = Field(ge=0, lt=1, description="most scaling of both halves alike, share")
    shift: float = Field(ge=0, lt=1, description="most vertical shift of both halves alike, share of the side")


class SymmetryTrain(Block):
    """The Siamese network and how it is trained (tasks.symmetry.training). Steps are optimiser steps."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1, description="CPU threads; another number gives other last bits")
    input_size: int = Field(ge=32, description="side of a half as the network sees it, pixels; published: 224")
    width: float = Field(gt=0, le=2, description="MobileNetV2's width multiplier; ImageNet weights need 1")
    embedding_dim: int = Field(ge=1)
    normalise_embedding: bool = Field(description="embeddings of length 1")
    pooled_grid: int = Field(ge=1, description="cells a side over which features are averaged; 1: the whole half")
    dropout: float = Field(ge=0, lt=1, description="before the embedding")
    initial_weights: Literal["random", "mobilenet_v2_imagenet", "mobilenet_v2_torchvision"]
    margin: float = Field(gt=0, description="D from which a negative pair costs nothing")
    optimiser: Literal["sgd", "adam"]
    learning_rate: float = Field(gt=0, description="the highest")
    momentum: float = Field(ge=0, lt=1, description="of sgd (Nesterov where > 0)")
    weight_decay: float = Field(ge=0)
    schedule: Literal["constant", "flat_then_linear", "cosine"]
    flat_share: float = Field(ge=0, lt=1, description="of the steps before the linear or cosine fall begins")
    final_share: float = Field(ge=0, le=1, description="of the highest rate, left at the last step")
    warmup_steps: int = Field(ge=0)
    steps: int = Field(ge=1, description="at most so many")
    max_epochs: int = Field(ge=1, description="and at most so many passes over the training pairs")
    batch_size: int = Field(ge=2, description="pairs")
    evaluate_every: int = Field(ge=1, description="steps between looks at the validation pairs")
    patience_epochs: float = Field(gt=0, description="passes without a better validation loss; published: 3")
    patience_from: float = Field(ge=0, le=1, description="share of the steps before which training never stops")
    mixed_precision: bool = Field(description="bfloat16 on a GPU that has it; a CPU always computes in float32")
    augmentation: Augmentation


class PairCounts(Block):
    """Pairs in each split, at most."""

    train: int = Field(ge=2)
    validation: int = Field(ge=2)
    test: int = Field(ge=2)


class MostPairs(Block):
    """A strategy's pair counts, at most; null: all there are."""

    clp: PairCounts | None
    temporal: PairCounts | None


class SymmetryPairs(Block):
    """Positive and negative pairs, split by subject (tasks.symmetry.pairs)."""

    seed: int = Field(ge=0)
    train: float = Field(gt=0, description="share of the subjects")
    validation: float = Field(gt=0, description="share of the subjects")
    test: float = Field(gt=0, description="share of the subjects")
    most: MostPairs
    per_clip: int = Field(ge=1, description="temporal: positive pairs a clip at most, and as many negative ones")
    min_gap: int = Field(ge=2, description="temporal: frames between the halves of a negative pair, at least")


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
    variation: PhantomVariation
    raters: tuple[PhantomRater, ...]


T = TypeVar("T", bound="Block")


def load(model: type[T], block: str, path: Path = Path("params.yaml")) -> T:
    """The block's numbers as `model`. ParamsError names the file, the key and what was wrong with it."""
    try:
        blocks = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}; run from the project's folder") from error
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: not YAML: {error}") from error
    if not isinstance(blocks, dict):
        raise ParamsError(f"{path}: blocks of `key: value` lines expected, a block a stage")
    if block not in blocks:
        raise ParamsError(f"{path}: no block {block!r}; there are: {', '.join(map(str, blocks))}")
    try:
        return model.model_validate(blocks[block])
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = ", ".join(model.model_fields)
        raise ParamsError(f"{path}: block {block!r}: {wrong}. Known keys: {known}") from error
