"""Rows of numbers, one per face: all that is fitted to a face side by side, so that an optimiser sees one tensor.

In: tensors whose first axis counts faces. Out: one tensor (N, numbers), and views into it. A row's length is a multiple
of what a processor takes at a time: else an optimiser would round the last numbers of the last face in another way than
those of the others, and a face's result would depend on its place. Knows nothing of what the numbers mean.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TOGETHER = 16
"""Floats in a cache line, and in the widest vectors."""


def packed(parts: Sequence[Tensor]) -> Tensor:
    """Tensors (N, ...) side by side, and zeros after them: (N, numbers)."""
    flat = torch.cat([part.reshape(len(part), -1) for part in parts], dim=1)
    return F.pad(flat, (0, -flat.shape[1] % TOGETHER))


def unpacked(flat: Tensor, shapes: Sequence[Sequence[int]]) -> list[Tensor]:
    """Views (N, *shape), one after the other; what is left of a row is passed over."""
    sizes = [math.prod(shape) for shape in shapes]
    parts = torch.split_with_sizes(flat, [*sizes, flat.shape[1] - sum(sizes)], dim=1)
    return [part.view(len(flat), *shape) for part, shape in zip(parts, shapes, strict=False)]
