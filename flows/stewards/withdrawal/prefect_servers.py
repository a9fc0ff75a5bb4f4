"""A person's names and digests in the records of a Prefect server that is not in this project's folder.

In: who is withdrawn. Out: the runs that mention the person deleted there, with their logs, tasks and artifacts, by the
server's own API; and what was reached. Only runs with this software's tag are looked into. A digest counts in all of
them, a name only where the run is not another project's. Events name nobody but runs; the server forgets them by its
own clock. Knows no database.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from flows import SERVER_NAMED
from flows.running.address import OWNERS, TAG, on_server, owner, permitted
from flows.running.elsewhere import bare, databases, noted
from flows.stewards.traces.person import Person

AT_ONCE = 100


class Reached(NamedTuple):
    """`places`: as `flows.running.elsewhere` names them; `deleted`: runs; `trouble`: why not all could be done."""

    places: Set[str] = frozenset()
    deleted: int = 0
    trouble: str = ""


def clean(root: Path, person: Person) -> Reached:
    """Delete there what mentions the person. Nothing where no records lie elsewhere, or no server answers."""
    places = _through(root)
    found = on_server(root) if places else None
    if found is None:
        return Reached()
    deleted = 0
    try:
        with found[0] as client:
            client.headers.update(permitted(client))
            for run in list(_mentioning(client, root, person)):
                for artifact in run["artifacts"]:
                    _asked(client, "DELETE", f"/artifacts/{artifact}")
                _asked(client, "DELETE", f"/flow_runs/{run['id']}")
                deleted += 1
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Reached(deleted=deleted, trouble=f"{', '.join(sorted(places))}: {error}")
    return Reached(frozenset(places), deleted)


def _through(root: Path) -> set[str]:
    """The noted places that the server of this project reaches: itself, or the database that it keeps elsewhere."""
    own = {f"Prefect server {bare(SERVER_NAMED)}"} if SERVER_NAMED else databases()
    return own & set(noted())


def _asked(client: httpx.Client, how: str, what: str, content: Any = None) -> httpx.Response:
    """The answer. What is gone already is no error; a server whose database is busy is asked again."""
    for wait in (0.1, 0.5, 1.0, 2.0, 4.0, 0.0):
        answer = client.request(how, what, json=content)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(wait)
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise ValueError("the server refuses these credentials; set PREFECT_API_AUTH_STRING to its name:password")
    if answer.status_code != httpx.codes.NOT_FOUND:
        answer.raise_for_status()
    return answer


def _mentioning(client: httpx.Client, root: Path, person: Person) -> Iterator[Mapping[str, Any]]:
    """Runs that say something of the person in their name, parameters, state, tasks, logs or artifacts."""
    for run in _pages(client, "flow_runs", {"flow_runs": {"tags": {"all_": [TAG]}}}):
        theirs = [tag for tag in run.get("tags", ()) if tag.startswith(OWNERS)]
        within = {"flow_run_id": {"any_": [run["id"]]}}
        artifacts = list(_pages(client, "artifacts", {"artifacts": within}))
        said: list[Any] = [run, *artifacts]
        said += _pages(client, "logs", {"logs": within})
        said += _pages(client, "task_runs", {"flow_runs": {"id": within["flow_run_id"]}})
        what = {person.found(text) for text in _texts(said)}
        if "digest" in what or ("name" in what and (not theirs or owner(root) in theirs)):
            yield {"id": run["id"], "artifacts": [artifact["id"] for artifact in artifacts]}


def _texts(value: Any) -> Iterator[str]:
    """Every text in what the server answered; what is JSON in a text too, as it is written."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)


def _pages(client: httpx.Client, what: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All rows that the query finds."""
    offset = 0
    while True:
        rows = _asked(client, "POST", f"/{what}/filter", {**query, "offset": offset, "limit": AT_ONCE}).json()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        offset += len(rows)
