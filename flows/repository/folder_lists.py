"""A damaged list of a folder's files in DVC's cache: where it is JSON still, DVC stops with a traceback.

In: nothing. Out: DVC's function that makes a tree of such a list, in this process, which says of it what DVC says of a
list that is no JSON; DVC takes it for missing then, and makes it anew. Knows nothing of stages.
"""

from typing import Any

from dvc_data.hashfile import tree
from dvc_objects.errors import ObjectFormatError

_by_dvc: Any = tree.Tree.from_list


def use() -> None:
    """From now on a list whose entries lack what they should have is a damaged one, in this process."""
    lists: Any = tree.Tree
    lists.from_list = _from_list


def _from_list(entries: list[Any], hash_name: str | None = None) -> Any:
    """As DVC's, which see. ObjectFormatError: an entry has no path, or is none."""
    try:
        return _by_dvc(entries, hash_name=hash_name)
    except (KeyError, TypeError, AttributeError) as error:
        raise ObjectFormatError(f"a folder's list of files is corrupted: {error}") from error
