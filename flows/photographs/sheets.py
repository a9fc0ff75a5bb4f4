"""Where surgeons' judgement of sheets lies. Imports nothing that takes time: commands begin with this."""

from pathlib import Path

VOTES = Path("data/votes")
"""What came back, a CSV file per sheet: the stage that judges reads this folder."""
KEYS = Path("data/sheet_keys")
"""What each sheet's letters are: never handed out."""
SEED, SIDE = 1, 512
"""Of a sheet, unless somebody says otherwise: the order's seed; the longer side of every picture, pixels, at most."""
