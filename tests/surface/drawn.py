"""A small face that no person has: the front of an ellipsoid with a nose, one cheek fuller by a known amount."""

import numpy as np

from tasks.space.views import Point, Surface
from tasks.surface.pages.contents import Measured, Photographed, Scale, Shown

FULLER = 3.0  # mm, on the left cheek
EVIL = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)> & "quoted", ‮'
NOSE, CHEEK = (0.0, 0.0, 117.0), (40.0, -5.0, 69.0)


def ellipsoid(*, across: int = 61) -> tuple[Surface, np.ndarray]:
    """The surface and by how much each vertex lies farther out than the other side's, mm."""
    angles = np.linspace(-1.45, 1.45, across)
    turn, height = (one.ravel() for one in np.meshgrid(angles, angles))
    out = np.column_stack([np.sin(turn) * np.cos(height), np.sin(height), np.cos(turn) * np.cos(height)])
    bump = 25 * np.exp(-((turn / 0.12) ** 2) - (height / 0.2) ** 2)
    more = FULLER * np.exp(-(((turn - 0.6) / 0.3) ** 2) - ((height + 0.05) / 0.3) ** 2)
    less = FULLER * np.exp(-(((turn + 0.6) / 0.3) ** 2) - ((height + 0.05) / 0.3) ** 2)
    vertices = out * [70.0, 95.0, 92.0] + out * (bump + more)[:, None]
    rows, columns = np.divmod(np.arange((across - 1) ** 2), across - 1)
    first = rows * across + columns
    corners = [first, first + 1, first + across + 1], [first, first + across + 1, first + across]
    faces = np.concatenate([np.column_stack(one) for one in corners]).astype(np.int32)
    colours = np.full((len(vertices), 3), (205, 160, 135), np.uint8)
    colours[(turn > 0.2) & (turn < 0.5) & (height > 0.25) & (height < 0.4)] = (30, 60, 160)  # the left eye
    colours[(turn < -0.2) & (turn > -0.5) & (height > 0.25) & (height < 0.4)] = (60, 110, 40)
    return Surface(vertices, faces, colours, height > -1.1), more - less


def shown(*, across: int = 61, name: str = EVIL) -> Shown:
    """A whole page's worth; `name`: of the visit and of one photograph."""
    surface, asymmetry = ellipsoid(across=across)
    norm = {"mean": 30.0, "sd": 2.5, "p05": 26.0, "p95": 34.0}
    return Shown(
        title=name,
        surface=surface,
        asymmetry=asymmetry,
        points={
            "pronasale": Point(np.array(NOSE), 0.6, 12, None),
            "tragion_left": Point(np.array([62.0, 15.0, 40.0]), 1.9, 4, None),
            "tragion_right": Point(None, None, 0, "no two photographs show it"),
            EVIL: Point(np.array(CHEEK), 1.0, 9, None),
        },
        definitions={
            "pronasale": "the most forward point of the nose",
            "tragion_left": "the notch above the left tragus",
            "tragion_right": "the notch above the right tragus",
        },
        measures=[
            Measured("Nose", "width of the nose", "alare to alare", "mm", 1, 37.2, 36.1, 38.3, None, "", norm),
            Measured("Nose", "angle of the nose", "at the tip", "°", 1, 98.0, 95.0, 101.0),
            Measured("Lip", "width of the lip", "", "mm", 1, 2.5, 1.5, 3.5, 2.5, "left", right=23.1, left=25.6),
            Measured("Lip", "height of the lip", EVIL, "mm", 1, None, reason="no two photographs show " + EVIL),
        ],
        short=["The nose is <b>fuller</b>."],
        findings=[("The nose is wider than 95 of 100", "a source & more")],
        cameras=[
            Photographed(name, -30.0, 5.0, 0.41, 1204),
            Photographed("IMG_2.jpg", reason="too few of its points are seen elsewhere"),
        ],
        scale=Scale("the distance between the eyes' outer corners, 92 mm, was given", 0.012),
        provenance=[("reconstruction", "pycolmap"), ("notes", EVIL)],
    )
