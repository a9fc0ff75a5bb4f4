"""The numbers of the face in three dimensions."""

from typing import Literal

from pydantic import Field

from tasks.params import Block


class SurfaceDense(Block):
    """From views to a surface (tasks.surface.dense). Lengths in millimetres of the face."""

    dense: Literal["stereo", "patch_match"] = Field(description="patch_match needs a GPU and a pycolmap with CUDA")
    radius: float = Field(gt=0, description="of the ball in which a surface is looked for")
    step: float = Field(gt=0, description="of the surface per pixel, when pairs are matched")
    least_angle: float = Field(ge=0, lt=90, description="degrees between two views that are matched")
    most_angle: float = Field(gt=0, lt=90, description="degrees between two views that are matched")
    partners: int = Field(ge=1, description="views with which each is matched, the nearest first")
    contrast: float = Field(gt=0, description="pixels around which contrast is made even")
    window: int = Field(ge=1, description="side of the matched blocks, pixels; odd")
    consistency: float = Field(gt=0, description="pixels by which there and back may differ")
    slant: float = Field(gt=0, lt=90, description="degrees at most between a view's ray and the surface's direction")
    voxel: float = Field(gt=0, description="side of the cells in which pairs agree")
    agreeing: int = Field(ge=1, description="pairs that must have found a cell")
    octree: int = Field(ge=5, le=10, description="depth of Poisson's octree: cells are the points' extent by 2 to it")
    point_weight: float = Field(ge=0, description="how much Poisson's surface heeds the points, against smoothness")
    fill: float = Field(gt=0, description="farther from every point no surface is made up")
    frontal: float = Field(ge=0, description="power of the cosine by which frontal photographs colour more")
