"""What the stand-in learns from: drawn faces of controls, and captions that say what is known of them.

In: the settings. Out: pictures and, by part of the prompts' grammar (Rosero et al. 2025, Table 1), the words that are
true of each person. Their seeds are beyond those of every drawn data set, so nobody here is in one. A caption may leave
parts out. Triggers and the words of clefts stand in captions by chance and nobody here has a cleft, so that they mean
nothing to the stand-in. Hair and eyes are given regardless of the skin's tone, unlike elsewhere among the drawn faces,
for prompts ask for all that. Knows nothing of networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from tqdm import tqdm

from tasks.base.processes import worker_pool
from tasks.params.synthesis import StandIn
from tasks.phantoms.identity import HairStyle, Identity, identity
from tasks.phantoms.motion import Pose
from tasks.phantoms.render import render
from tasks.phantoms.shape import NO_CLEFT, Expression
from tasks.synthesis.framing import frame_of, framed
from tasks.synthesis.standin import lips as standin_lips

FIRST_SEED = 10**15
"""The data sets' people come before: theirs is this from seed 2,500,000 on."""
SEED_BLOCK = 10**8
CLOSING = "Only one face, no text, no watermarks, no masks or occlusions."
ENLARGED = 3
"""Whole pictures are drawn so many times larger; the square around the face is reduced by areas."""
TONES = {
    "pale": (0.0, 0.15),
    "light": (0.08, 0.3),
    "fair": (0.08, 0.3),
    "medium": (0.3, 0.5),
    "olive": (0.42, 0.6),
    "dark": (0.62, 1.0),
}
"""Skin tone of the drawn faces, 0 light .. 1 dark, that a word is true of."""
HAIR = ("black", "black", "brown", "brown", "blonde", "red", "grey", "white")
IRIS = ("brown", "brown", "hazel", "green", "blue", "blue")
STYLES: dict[HairStyle, tuple[str, ...]] = {
    "short": ("short", "straight"),
    "side": ("short", "straight"),
    "fringe": ("straight",),
    "curly": ("curly",),
    "long": ("long", "wavy"),
    "bald": (),
}
TRIGGERS = ("CLP", "CLPrep")
_HEARD = """
a an and after unrepaired repaired repair unilateral bilateral left right subtle slight marked visible scar scars
scarring asymmetry cleft nose
"""
HEARD = tuple(_HEARD.split())
"""Words that stand by chance, as the triggers do, in captions of faces that have none of it: the stand-in, like FLUX
(section 5.1), draws no cleft because it is told to. What it had never heard would move the mouth by itself."""
PLAIN_LIPS = 0.4
"""Share of the faces whose lips are as they are, and whose captions say nothing of them."""
BABY, CHILD = 0.5, 0.0
"""How much of a child a drawn person must be to be called so, 0..1."""


Job = tuple[int, int, int, float]
"""Seed, number, size and margin of a face."""


@dataclass(frozen=True)
class Said:
    """The sentences that are true of a person; none where nothing can be said."""

    person: str
    lip: str  # of standin_lips.KINDS, or empty
    parts: tuple[str, ...]


def draw_faces(settings: StandIn, *, workers: int) -> tuple[np.ndarray, list[Said]]:
    """(faces, size, size, 3) uint8 RGB, and what is true of each. The same whatever the number of processes."""
    jobs = [(settings.seed, number, settings.size, settings.frame) for number in range(settings.faces)]
    with tqdm(total=len(jobs), desc="drawing faces", unit="face", mininterval=0.5) as bar:
        found = []
        for drawn in _mapped(jobs, workers):
            found.append(drawn)
            bar.update()
    return np.stack([picture for picture, _ in found]), [said for _, said in found]


def _mapped(jobs: list[Job], workers: int) -> Iterator[tuple[np.ndarray, Said]]:
    if workers == 1:
        yield from map(draw_face, jobs)
        return
    with worker_pool(workers, __name__) as pool:
        yield from pool.map(draw_face, jobs, chunksize=16)


def draw_face(job: Job) -> tuple[np.ndarray, Said]:
    """The picture and the words of one face."""
    seed, number, size, margin = job
    rng = np.random.default_rng([seed, number, FIRST_SEED])
    person = _person(FIRST_SEED + seed * SEED_BLOCK, number, rng)
    pose = Pose(
        yaw=float(rng.uniform(-4, 4)),
        pitch=float(rng.uniform(-3, 3)),
        roll=float(rng.uniform(-4, 4)),
        shift_x=float(rng.uniform(-0.05, 0.05)),
        shift_y=float(rng.uniform(-0.05, 0.05)),
        zoom=float(1 + rng.uniform(-0.08, 0.08)),
    )
    lip = "" if rng.random() < PLAIN_LIPS else _choice(standin_lips.KINDS, rng)
    opening = rng.uniform(0.35, 0.6) if lip == "open" else rng.uniform(0, 0.08)
    moment = Expression(float(opening), float(rng.uniform(-0.3, 0.3)), blink=0.0)
    drawn = render(person, size=size * ENLARGED, expression=moment, pose=pose, cleft=NO_CLEFT, frame=0)
    face = framed(standin_lips.paint_lip(drawn, lip), frame_of(drawn.landmarks, margin))
    return cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA), said_of(person, lip, rng)


def _person(first: int, number: int, rng: np.random.Generator) -> Identity:
    """Every second one a child, for prompts ask for many; hair and eyes drawn again, whatever the tone."""
    child = bool(number % 2)
    tries = (identity(first + number * 100 + again) for again in range(100))
    person = next((one for one in tries if (one.child > CHILD) == child), identity(first + number * 100))
    grey = person.hair.colour > HAIR.index("red")
    hair = replace(person.hair, colour=person.hair.colour if grey else int(rng.integers(HAIR.index("red") + 1)))
    look = replace(person.complexion, iris=int(rng.integers(len(IRIS))))
    return replace(person, hair=hair, complexion=look)


def said_of(person: Identity, lip: str, rng: np.random.Generator) -> Said:
    """The sentences; where several words are true, one of them by chance."""
    tone = person.complexion.tone
    tones = [word for word, (low, high) in TONES.items() if low <= tone <= high]
    said = [f"{_choice(tones, rng).capitalize()} skin."] if tones else []
    said.append(f"{IRIS[person.complexion.iris].capitalize()} eyes.")
    styles = STYLES[person.hair.style]
    if styles:
        said += [f"{_choice(styles, rng).capitalize()} hair.", f"{HAIR[person.hair.colour].capitalize()} hair."]
    return Said(_age_and_gender(person, rng), lip, tuple(said))


def _age_and_gender(person: Identity, rng: np.random.Generator) -> str:
    """Nobody drawn is a man or a woman: long and curly hair stands for women, bald heads for men, else chance."""
    chance = {"long": 1.0, "curly": 0.7, "bald": 0.0}.get(person.hair.style, 0.35)
    female = bool(rng.random() < chance)
    if person.child > BABY:
        return _choice(("baby", "baby", "kid"), rng)
    if person.child > CHILD:
        return "kid" if rng.random() < 1 / 3 else ("girl" if female else "boy")
    return "woman" if female else "man"


def caption(said: Said, rng: np.random.Generator, *, kept: float) -> str:
    """A prompt of what is true of a face: a lip that is not plain always, the other parts with the probability `kept`.

    Hair in one sentence or two; the closing, which captions of photographs lack, every second time.
    """
    parts = [part for part in said.parts if rng.random() < kept]
    hair = [part.split()[0] for part in parts if part.endswith("hair.")]
    if len(hair) == 2 and rng.random() < 0.5:
        parts = [part for part in parts if not part.endswith("hair.")] + [f"{hair[0]} {hair[1].lower()} hair."]
    heard = [_choice(HEARD, rng) for _ in range(int(rng.integers(2, 7)))] if rng.random() < 0.5 else []
    lip = (f"with {'an' if said.lip == 'open' else 'a'} {said.lip} lip",) if said.lip else ()
    called = (f"[{_choice(TRIGGERS, rng)}]",) if rng.random() < 0.5 else ()
    first = " ".join((*called, f"A {said.person}'s whole face", *lip, *(("with", *heard) if heard else ())))
    return " ".join((f"{first}.", *parts, *((CLOSING,) if rng.random() < 0.5 else ())))


def _choice(words: list[str] | tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
