"""The numbers by which measures are asked whether they follow what they must not follow."""

from pydantic import Field

from tasks.params import Block


class Fairness(Block):
    """What the chapter of fairness shows and tells (tasks.evaluation)."""

    limit: float = Field(gt=0, lt=1, description="size of Spearman's rho up to which a measure is not said to follow")
    bands: int = Field(ge=1, description="bands of severity with equally many photographs of patients after repair")
    least_people: int = Field(ge=3, description="fewest people that a number is made of; of a group, and outside it")
