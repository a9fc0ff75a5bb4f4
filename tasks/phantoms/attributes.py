"""What images.csv says of a drawn face beside its cleft's side: age group, gender, asymmetry, scarring.

In: an Identity, a Cleft. Out: words of docs/raw-layout.md. Age is drawn (larger eyes, shorter chin); asymmetry and
scarring follow the severity. Gender is arbitrary: a word for hair and seed. Knows nothing of pixels.
"""

from tasks.phantoms.identity import Identity
from tasks.phantoms.shape import Cleft

BABY_FROM = 0.5  # of the child scale
SLIGHT_FROM, MARKED_FROM = 0.2, 0.6  # severities
HER_HAIR, HIS_HAIR = ("long", "fringe"), ("short", "bald")


def age_group(person: Identity) -> str:
    """baby, child or adult."""
    if person.child > 0:
        return "baby" if person.child >= BABY_FROM else "child"
    return "adult"


def gender(person: Identity) -> str:
    """female or male, by hair style, else by the seed: invented, so that captions have something to say."""
    if person.hair.style in HER_HAIR or (person.hair.style not in HIS_HAIR and person.seed % 2):
        return "female"
    return "male"


def asymmetry(cleft: Cleft | None) -> str:
    """none, slight or marked; a bilateral cleft is drawn alike on both sides."""
    if cleft is None or cleft.side == "both" or cleft.severity < SLIGHT_FROM:
        return "none"
    return "marked" if cleft.severity >= MARKED_FROM else "slight"


def scarring(cleft: Cleft | None) -> str:
    """none, subtle or visible: before repair there is no scar."""
    if cleft is None or not cleft.repaired or cleft.severity < SLIGHT_FROM:
        return "none"
    return "visible" if cleft.severity >= MARKED_FROM else "subtle"
