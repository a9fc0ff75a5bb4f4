"""Where the named points lie on the drawn heads: vertices of the base mesh, chosen by eye on its neutral shape.

Out: name -> vertex, and positions on a shape. Names are the field's (Farkas 1994), sides the patient's own. A point
stays on its vertex in every shape, so what moves the vertex moves the point. What a definition by an extreme (foremost,
deepest, widest) tells is looked for on the exact shape (`definitions.py`), near the vertex.
"""

import numpy as np

from tasks.phantoms.heads.definitions import defined
from tasks.phantoms.heads.template import template

SIDES = ("right", "left")
MIDLINE = {
    "nasion": 132,
    "pronasale": 297,
    "subnasale": 317,
    "labiale_superius": 455,
    "stomion": 474,
    "labiale_inferius": 492,
    "sublabiale": 491,
    "pogonion": 5162,
    "menton": 732,
}
LEFT = {
    "exocanthion": 11473,
    "endocanthion": 6850,
    "alare": 7080,
    "alar_base": 7119,
    "crista_philtri": 7215,
    "cheilion": 7182,
    "zygion": 11845,
    "gonion": 7597,
    "tragion": 12032,
}


def numbers() -> dict[str, int]:
    """The vertex of each named point; of the pairs `..._right` and `..._left`."""
    head = template()
    found = {name: head.number(base) for name, base in MIDLINE.items()}
    for name, base in LEFT.items():
        left = head.number(base)
        found |= {f"{name}_right": int(head.mirror[left]), f"{name}_left": left}
    return found


def vertices_of(vertices: np.ndarray) -> dict[str, np.ndarray]:
    """Positions (3,) in mm of the named points' vertices on a shape (V, 3): what stays on the same skin."""
    return {name: vertices[number] for name, number in numbers().items()}


def places(vertices: np.ndarray) -> dict[str, np.ndarray]:
    """Positions (3,) in mm of the named points on a shape (V, 3), by their definition where it is an extreme."""
    return vertices_of(vertices) | defined(vertices, numbers())
