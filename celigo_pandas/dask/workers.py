"""How a worker gets to the account: by its own token, within its share of the account's rate budget.

The token is never an argument: a :class:`Route` travels in the graph and says where to, not by which right.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import distributed

from celigo_pandas.accessors import Client, connect
from celigo_pandas.documents.counts import whole_number
from celigo_pandas.errors import CeligoError, ConfigError, shown

__all__ = ["Route", "checked_route", "cluster_of", "on_every_worker"]

_VERSION = version("celigo-pandas")
_HOW_TO_SET = (
    "A worker reads CELIGO_API_TOKEN from its own environment, or a profile that celigo.login() stored on its machine. "
    "A LocalCluster takes the environment of this process: set the variable before the cluster is made. Do not use "
    "Dask's nanny.environ, which the scheduler shows to everybody."
)


@dataclass(frozen=True)
class Route:
    """From a worker to the account.

    Parameters
    ----------
    base_url : str
    profile : str, optional
        Name of a profile on the worker's machine.
    processes : int
        How many share the account's rate budget.
    """

    base_url: str
    profile: str | None
    processes: int

    def open(self, *, read_only: bool) -> Client:
        """Return a client with this process's own token; it sends its share of what the account may."""
        client = connect(base_url=self.base_url, profile=self.profile, progress=False, read_only=read_only)
        if client.api.bucket is not None:
            client.api.bucket.share(self.processes)
        return client


def cluster_of(client: distributed.Client | None) -> distributed.Client | None:
    """Return the cluster's client that was given or is the current one; None where Dask runs in this process."""
    if client is None:
        try:
            client = distributed.default_client()
        except ValueError:
            return None
    if not isinstance(client, distributed.Client):
        raise ConfigError(f"client={shown(client)}; expected a distributed.Client.")
    if client.asynchronous:
        raise ConfigError("The cluster's client is asynchronous.", hint="Make one with Client(…, asynchronous=False).")
    return client


def checked_route(
    base_url: str, profile: str | None, processes: int | None, cluster: distributed.Client | None
) -> Route:
    """Look at every worker, and return the route that they take.

    Raises
    ------
    ConfigError
        A worker has no token, no celigo_pandas or another version of it; or there is no worker.
    """
    found = on_every_worker(cluster, look_at_worker, base_url, profile)
    if not found:
        raise ConfigError("The cluster has no workers.", hint="Wait for them: client.wait_for_workers(1).")
    problems: dict[str, list[str]] = {}
    for name, report in found.items():
        if (problem := _problem(report)) is not None:
            problems.setdefault(problem, []).append(name)
    if problems:
        raise ConfigError(
            f"{sum(map(len, problems.values()))} of {len(found)} workers cannot be used. "
            + " ".join(f"{', '.join(names)}: {problem}" for problem, names in problems.items())
        )
    count = len(found) if processes is None else whole_number("processes", processes)
    return Route(base_url, profile, count)


def on_every_worker(cluster: distributed.Client | None, function: Any, *args: Any) -> dict[str, Any]:
    """Call a function in every process that may run a task; an exception is what that worker returns."""
    if cluster is None:
        return {"this process": function(*args)}
    answers: dict[str, Any] = cluster.run(function, *args, on_error="return")
    return answers


def look_at_worker(base_url: str, profile: str | None) -> tuple[str, str | None]:
    """Return the version here, and what keeps this process from connecting; makes no request."""
    try:
        connect(base_url=base_url, profile=profile, progress=False).close()
    except CeligoError as error:
        return _VERSION, error.message
    return _VERSION, None


def _problem(report: Any) -> str | None:
    if isinstance(report, BaseException):
        return f"celigo_pandas does not run there ({type(report).__name__}: {shown(str(report))})."
    there, problem = report
    if there != _VERSION:
        return f"it has celigo_pandas {there}, this process {_VERSION}; install the same everywhere."
    return None if problem is None else f"{problem} {_HOW_TO_SET}"
