"""params.yaml as frozen models: one block a stage, every number once, unknown keys refused.

In: params.yaml. Out: one `Block` for the stage that asks. Knows nothing of what the numbers do.
"""

from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class ParamsError(ValueError):
    """params.yaml cannot be used; the message names the file, the block, the key and what is accepted."""


class Block(BaseModel):
    """The numbers of one stage. Frozen; a key that is not a field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Runtime(Block):
    """How work is cut and shared out; none of it changes a result."""

    workers: int = Field(ge=1, description="processes a stage may use")
    buckets: int = Field(ge=1, le=256, description="parts an item-wise table is cut into")


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

    rule: Literal["every", "even"] = Field(
        description="every: each `step`-th frame; even: `count` frames spread evenly"
    )
    step: int = Field(ge=1)
    count: int = Field(ge=1, description="most frames a clip")


class IngestLandmarks(Block):
    """Detection and the quality gate (tasks.ingest.landmarks)."""

    detect_side: int = Field(ge=64, description="longer side of the picture the detector sees, pixels")
    enlarge_to: int = Field(ge=64, description="longer side for a second look when no face was found, pixels")
    min_score: float = Field(description="detector score below which a box is no face")
    second_face_score: float = Field(description="score from which a second box means two faces")
    min_interocular: float = Field(ge=0, description="outer eye corners, original pixels")
    max_yaw: float = Field(ge=0, description="degrees, by landmarks")
    max_pitch: float = Field(ge=0, description="degrees, by landmarks")
    max_roll: float = Field(ge=0, description="degrees, by landmarks")
    min_sharpness: float = Field(ge=0, description="share of gradient energy lost by a small blur, 0..1")
    max_mouth_covered: float = Field(ge=0, description="see tasks.ingest.quality.mouth_covered, 0..1")


T = TypeVar("T", bound="Block")


def load(model: type[T], block: str, path: Path = Path("params.yaml")) -> T:
    """The block's numbers as `model`. ParamsError names the file, the key and what was wrong with it."""
    try:
        blocks = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}; run from the project's folder") from error
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: not YAML: {error}") from error
    if block not in blocks:
        raise ParamsError(f"{path}: no block {block!r}; there are: {', '.join(blocks)}")
    try:
        return model.model_validate(blocks[block])
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = ", ".join(model.model_fields)
        raise ParamsError(f"{path}: block {block!r}: {wrong}. Known keys: {known}") from error
