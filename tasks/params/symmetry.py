"""The numbers of the symmetry stages."""

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.params import Block


class SymmetryWarp(Block):
    """Deformed and symmetric control faces (tasks.symmetry.warp). Lengths in mouth widths."""

    seed: int = Field(ge=0)
    variants: int = Field(ge=1, description="symmetric faces per photograph, and as many asymmetric ones")
    deformations: dict[str, float] = Field(description="weights of the one-sided deformations; published: clp alone")
    controls: dict[str, float] = Field(description="weights of resampled and both_sided; the first is untouched")
    severity_low: float = Field(ge=0, le=5)
    severity_high: float = Field(ge=0, le=5)
    full_strength: float = Field(gt=0, le=1, description="rise of a peak at severity 1")
    inner_lip: float = Field(ge=0, description="how far the inner lip follows in clp")
    alar: float = Field(ge=0, description="how far the alar base follows in clp")
    jitter: float = Field(ge=0, le=2, description="how much each point's move is stretched and turned")
    smooth_share: float = Field(ge=0, le=1, description="share carried by a smooth field, not the mesh")
    reach_low: float = Field(gt=0, description="of a smooth field")
    reach_high: float = Field(gt=0, description="of a smooth field")
    exemplar_weight: float = Field(ge=0, le=1, description="share of an exemplar's shape in clp")
    closed_gap: float = Field(ge=0, description="inner lips nearer than this are one vertex")
    least_area: float = Field(gt=0, lt=1, description="a triangle (a pixel) may shrink to this share, not below")
    landmarks: Literal["redetected", "displaced"] = Field(description="what cuts the lips, alike for both kinds")
    box_jitter: float = Field(
        ge=0, le=1, description="of the face box before landmarks are found again, share of its side"
    )


class Augmentation(Block):
    """How training halves are changed (tasks.symmetry.augmentation). 0 switches a change off."""

    apart: float = Field(ge=0, le=1, description="0: both halves of a pair alike, 1: each half on its own")
    brightness: float = Field(ge=0, le=1, description="most added or taken, share of full scale")
    contrast: float = Field(ge=0, lt=1, description="most change of contrast, share")
    tone: float = Field(ge=0, lt=1, description="most bending of the tone curve (like gamma)")
    colour: float = Field(ge=0, lt=1, description="most gain of one colour channel, share")
    lighting: float = Field(ge=0, lt=1, description="most fall of light from edge to edge, share")
    shade: float = Field(ge=0, lt=1, description="most darkening of a whole half, each half in half of its pairs")
    blur: float = Field(ge=0, le=1, description="largest standard deviation, share of the half's side")
    noise: float = Field(ge=0, le=1, description="largest standard deviation, share of full scale")
    jpeg: float = Field(ge=0, le=1, description="largest quantisation step of JPEG-like loss, share of full scale")
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
    pooled_grid: int = Field(ge=1, description="cells per side over which features are averaged; 1: the whole half")
    dropout: float = Field(ge=0, lt=1, description="before the embedding")
    initial_weights: Literal["random", "mobilenet_v2_imagenet", "mobilenet_v2_torchvision"]
    frozen_blocks: int = Field(ge=0, le=19, description="first blocks of the trunk that stay as they came; 0: none")
    margin: float = Field(gt=0, description="D from which a negative pair costs nothing")
    optimiser: Literal["sgd", "adam"]
    learning_rate: float = Field(gt=0, description="the highest")
    momentum: float = Field(ge=0, lt=1, description="of sgd (Nesterov where > 0)")
    weight_decay: float = Field(ge=0, le=10)
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
    train: float = Field(gt=0, lt=1, description="share of the subjects")
    validation: float = Field(gt=0, lt=1, description="share of the subjects")
    test: float = Field(gt=0, lt=1, description="share of the subjects")
    most: MostPairs
    strangers: float = Field(ge=0, lt=1, description="clp: share of negatives that join two photographs' halves")
    per_clip: int = Field(ge=1, description="temporal: positive pairs per clip at most, and as many negative ones")
    min_gap: int = Field(ge=2, description="temporal: frames between the halves of a negative pair, at least")

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if abs((whole := self.train + self.validation + self.test) - 1) > 1e-6:
            raise ValueError(f"train, validation and test are shares of all subjects: the sum is {whole:g}, not 1")
        return self
