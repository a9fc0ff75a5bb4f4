"""Does the trigger work? Where drawn pictures lie between controls and patients, called by it and not.

In: latents of drawn pictures, of patients and of controls. Out: a number a set, 0 where controls lie and 1 where the
condition's patients do; which part of a framed picture is the mouth. Rosero et al. 2025, DiffusionCleft, section 3.2,
says that a cleft appears only where the trigger is in the prompt, and measures nothing of it; this does. Knows nothing
of networks.
"""

import re

import torch
from torch import Tensor

FACE = re.compile(r"^\[\w+\] (An? [\w ]+'s whole face)[^.]*\.")

MOUTH = ((0.4375, 0.875), (0.25, 0.75))
"""Rows and columns of a framed picture with the mouth in it, as shares of its side."""
SPREAD = 0.1
"""Least variance of a number, as a share of the mean one: no number decides alone."""


def without_trigger(prompt: str) -> str:
    """The prompt without the trigger and without what it says of the cleft; the person stays as asked for."""
    return FACE.sub(r"\1.", prompt)


def mouth(height: int, width: int) -> Tensor:  # (height, width) bool
    """Where the mouth is in a framed picture of so many cells."""
    found = torch.zeros(height, width, dtype=torch.bool)
    (top, bottom), (left, right) = MOUTH
    found[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return found


def place(
    drawn: Tensor,  # (n, d)
    patients: Tensor,  # (m, d)
    controls: Tensor,  # (k, d)
) -> float:
    """How far the mean of the drawn ones is on the way from the controls' mean (0) to the patients' (1).

    Each number counts by how well it tells the two apart, its variance within them in the denominator: a cleft is few
    of a latent's numbers, and hair is many.
    """
    start = controls.double().mean(0)
    way = patients.double().mean(0) - start
    within = (patients.double().var(0, correction=0) + controls.double().var(0, correction=0)) / 2
    look = way / within.clamp(min=SPREAD * float(within.mean()))
    return float((drawn.double().mean(0) - start) @ look / (way @ look))
