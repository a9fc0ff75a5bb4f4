"""Libraries in C that Python packages bring with them, opened by themselves: they say more than their packages hand on.

In: a package and the beginning of a file's name. Out: the library. Decodes nothing.
"""

import ctypes
from ctypes.util import find_library
from functools import cache
from importlib.metadata import PackageNotFoundError, files


@cache
def library(package: str, name: str) -> ctypes.CDLL:
    """The library `name` (as `libvpx`) among the package's files, or else the system's. OSError: none is there."""
    try:
        own = [file for file in files(package) or () if file.name.startswith(name)]
    except PackageNotFoundError:
        own = []
    found = str(own[0].locate()) if own else find_library(name.removeprefix("lib"))
    if found is None:
        raise OSError(f"{name} is not installed: {package} usually brings it")
    return ctypes.CDLL(found)
