"""`vermilion check` on many photographs: what it takes to look at the data folders, and how that grows.

    python -m bench.inspection [--photographs 1000 10000] [--tiny]

Writes files of random bytes, each a person's with a line in images.csv and a rating: of many sizes, as cameras write
them, and then all of one size, as scanners do, so that a piece of each has to be compared. Nothing is decoded, so bytes
serve as well as pictures.
"""

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path

from flows import PROJECT
from flows.running import inspection

SIZE = 40_000
"""Bytes of a file, about."""


def write(folder: Path, photographs: int, *, one_size: bool) -> None:
    """The project's data: `raw` with its tables, and no batches."""
    shutil.rmtree(folder / "raw", ignore_errors=True)
    for name in ("raw", "added"):
        (folder / name).mkdir(exist_ok=True)
    draws = random.Random(1)
    files = [folder / f"raw/{number:06d}.jpg" for number in range(photographs)]
    for file in files:
        file.write_bytes(draws.randbytes(SIZE if one_size else draws.randint(SIZE // 2, SIZE * 3 // 2)))
    people = "".join(f"{file.name},p{number},control\n" for number, file in enumerate(files))
    ratings = "".join(f"{file.name},surgeon,medical,CARS,3\n" for file in files)
    (folder / "raw/images.csv").write_text(f"path,subject_id,population\n{people}")
    (folder / "raw/ratings.csv").write_text(f"path,rater_id,rater_role,scale,score\n{ratings}")


def measure(sizes: list[int]) -> None:
    """CPU seconds for each number of photographs, and what a photograph costs against the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(PROJECT / "dvc.yaml", folder)
        numbers = (PROJECT / "params.yaml").read_text().replace("raw: data/raw/phantoms", "raw: raw")
        (folder / "params.yaml").write_text(numbers.replace("added: data/added", "added: added"))
        for what, one_size in (("of many sizes", False), ("all of one size", True)):
            write(folder, 3, one_size=one_size)
            inspection.data(folder)  # imports
            first = None
            for photographs in sizes:
                write(folder, photographs, one_size=one_size)
                began = time.process_time()
                inspection.data(folder)
                took = time.process_time() - began
                each = took / photographs
                first = first or each
                print(
                    f"{photographs} files {what}: {took:.2f} CPU s, {each / first:.2f} times the cost each", flush=True
                )


def main(given: list[str] | None = None) -> None:
    """As the docstring above says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(given)
    measure([20] if options.tiny else options.photographs)


if __name__ == "__main__":
    main()
