"""What Chen et al. published of surgeons' judgement, to stand beside ours: other patients, other surgeons, no target.

Tables I and II print shares and means; these are the counts that they come from. No other counts give the same decimals
(tests/evaluation/test_judgement.py tries all).
"""

from typing import NamedTuple


class Votes(NamedTuple):
    """What three surgeons said of one method's results."""

    votes: int
    valid: int
    ranks: int  # sum over the valid ones

    @property
    def probability(self) -> str:
        """Table I, as printed."""
        return _printed(self.valid, self.votes)

    @property
    def ranking(self) -> str:
        """Table II, as printed."""
        return _printed(self.ranks, self.valid)


def _printed(top: int, bottom: int) -> str:
    """Three decimals, halves up, as the paper has them: 29 / 16 is 1.8125, and it prints 1.813."""
    return f"{(2000 * top + bottom) // (2 * bottom) / 1000:.3f}"


SURGEONS = 3
JUDGED: dict[str, dict[str, Votes]] = {
    "CleftLip10": {
        "EdgeConnect": Votes(30, 7, 13),
        "Lafin": Votes(30, 7, 12),
        "CTSDG": Votes(30, 7, 17),
        "theirs": Votes(30, 15, 19),
    },
    "CleftLip24": {
        "EdgeConnect": Votes(72, 23, 39),
        "Lafin": Votes(72, 16, 29),
        "CTSDG": Votes(72, 19, 37),
        "theirs": Votes(72, 24, 29),
    },
}
