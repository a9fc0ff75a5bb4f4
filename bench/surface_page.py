"""What a page in three dimensions weighs and costs: faces of several sizes, rough as photographs make them.

In: numbers of vertices. Prints per face the megabytes of mesh and page, the seconds of this process's CPU, and the same
mesh as plain float32 and int32 in base64, which it would weigh without packing. The face is drawn: the front of an
ellipsoid with a nose, each vertex moved by 0.1 mm at random, speckled skin.
"""

import argparse
import math
import time

import numpy as np

from tasks.space.views import Surface
from tasks.surface.pages.contents import Shown
from tasks.surface.pages.packed_surface import packed
from tasks.surface.pages.visit_page import render_surface_page

ROUGH, SPECKLED, PICTURE = 0.1, 12, 450  # mm; of 255; px


def face(vertices: int) -> Surface:
    """A rough face of about so many vertices."""
    across = math.isqrt(vertices)
    rng = np.random.default_rng(0)
    angles = np.linspace(-1.4, 1.4, across)
    turn, height = (one.ravel() for one in np.meshgrid(angles, angles))
    out = np.column_stack([np.sin(turn) * np.cos(height), np.sin(height), np.cos(turn) * np.cos(height)])
    nose = 25 * np.exp(-((turn / 0.12) ** 2) - (height / 0.2) ** 2)
    places = out * [70, 95, 92] + out * nose[:, None] + rng.normal(0, ROUGH, out.shape)
    first = (np.arange(across - 1)[:, None] * across + np.arange(across - 1)).ravel()
    lower, upper = [first, first + 1, first + across + 1], [first, first + across + 1, first + across]
    faces = np.concatenate([np.column_stack(lower), np.column_stack(upper)]).astype(np.int32)
    skin = np.array([205, 160, 135]) + rng.normal(0, SPECKLED, (len(places), 1))
    return Surface(places, faces, skin.clip(0, 255).astype(np.uint8), np.ones(len(places), bool))


def main(arguments: list[str] | None = None) -> None:
    """Print one line per size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--vertices", type=int, nargs="+", default=[15_000, 60_000, 120_000])
    options.add_argument("--tiny", action="store_true", help="one small face and small pictures")
    given = options.parse_args(arguments)
    sizes, picture = ([400], 40) if given.tiny else (given.vertices, PICTURE)
    print("vertices  mesh MB  unpacked MB  page MB  CPU s")
    for vertices in sizes:
        surface = face(vertices)
        uneven = np.random.default_rng(1).normal(0, 1, len(surface.vertices))
        begun = time.process_time()
        page = render_surface_page(Shown("face", surface=surface, asymmetry=uneven), notices=[], picture_px=picture)
        spent = time.process_time() - begun
        mesh = len(packed(surface, uneven, measured=len(uneven))[0]) / 1e6
        plain = 4 / 3 * (len(surface.vertices) * (12 + 3 + 4 + 1) + surface.faces.size * 4) / 1e6
        print(f"{len(surface.vertices):8d}  {mesh:7.2f}  {plain:11.2f}  {len(page) / 1e6:7.2f}  {spent:5.1f}")


if __name__ == "__main__":
    main()
