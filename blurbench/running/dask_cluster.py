"""What `--dask` names: a Dask scheduler that runs, or a small file that says what to start.

    cluster: SLURMCluster        # or LocalCluster, PBSCluster, SSHCluster
    workers: 4                   # Dask workers; SSHCluster has one for each of its hosts
    options: {cores: 8, memory: 16GB, walltime: "02:00:00"}

`options` are what that class of Dask takes. Dask is imported when it is used.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blurbench.errors import UnknownName, UsageError, shortened
from blurbench.matrix.suite import first_line
from blurbench.running.slots import main_hidden

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ClusterFile", "DaskPlace", "connected"]

MODULES = {
    "LocalCluster": "distributed",
    "SSHCluster": "distributed",
    "SLURMCluster": "dask_jobqueue",
    "PBSCluster": "dask_jobqueue",
}

SUBMIT = {"SLURMCluster": "sbatch", "PBSCluster": "qsub"}
"""What those that wait in a queue are handed to."""

CONNECT_SECONDS = 15.0
"""How long a scheduler may take to answer."""


class ClusterFile(BaseModel):
    """The file of a cluster that starts and ends with the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: Literal["LocalCluster", "SLURMCluster", "PBSCluster", "SSHCluster"]
    workers: int | None = Field(default=None, ge=1, le=10_000)
    options: dict[str, Any] = {}


@dataclass(frozen=True)
class DaskPlace:
    """What was named, checked as far as that can be done without Dask's answer."""

    text: str
    cluster: ClusterFile | None = None
    """What is to be started; None where a scheduler runs."""

    @classmethod
    def of(cls, text: str) -> DaskPlace:
        """Raises UsageError in one line."""
        if find_spec("distributed") is None:
            raise UsageError("--dask needs the package distributed: pip install 'blurbench[dask]'")
        suffix = Path(text).suffix
        if suffix in (".json", ".yaml", ".yml") and not Path(text).expanduser().is_file():
            raise UsageError(f"--dask {text}: there is no such file")
        if suffix in (".yaml", ".yml"):
            return cls(text, read(Path(text).expanduser()))
        if suffix != ".json" and ":" not in text:
            raise UsageError(
                f"--dask {text}: give the address of a Dask scheduler (tcp://HOST:8786), the scheduler.json that it "
                "wrote, or a cluster.yaml"
            )
        return cls(text)

    @property
    def is_ours(self) -> bool:
        """Whether the cluster starts and ends with the run."""
        return self.cluster is not None


def read(path: Path) -> ClusterFile:
    """The content of a file. Raises UsageError in one line."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise UsageError(f"{path}: {shortened(str(error), 200)}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: it has no `cluster: LocalCluster`, or another of {', '.join(MODULES)}")
    for key in content:
        if key not in ClusterFile.model_fields:
            raise UnknownName(f"key in {path}:", str(key), ClusterFile.model_fields)
    try:
        cluster = ClusterFile.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{path}: {first_line(error)}") from None
    if cluster.cluster == "SSHCluster" and cluster.workers:
        raise UsageError(f"{path}: an SSHCluster has one worker for each of its hosts; leave `workers` out")
    if find_spec(MODULES[cluster.cluster]) is None:
        raise UsageError(f"{path}: {cluster.cluster} needs dask-jobqueue: pip install 'blurbench[dask]'")
    if (submit := SUBMIT.get(cluster.cluster)) and which(submit) is None:
        raise UsageError(f"{path}: {cluster.cluster} hands its jobs to {submit}, which is not on this machine")
    return cluster


@contextmanager
def connected(place: DaskPlace) -> Iterator[Client]:
    """A client of that scheduler, or of a cluster that lives as long as the block runs. Raises UsageError where none
    answers or starts."""
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        stack.enter_context(main_hidden())  # from processes that a LocalCluster starts, whenever it does
        target = place.text if place.cluster is None else stack.enter_context(_started(place.text, place.cluster))
        client = _client(target)
        stack.callback(_closed, client)
        yield client


def _client(target: Any) -> Client:
    from distributed import Client

    try:
        if isinstance(target, str) and target.endswith(".json"):
            return Client(scheduler_file=str(Path(target).expanduser()), timeout=CONNECT_SECONDS)
        return Client(target, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, KeyError) as error:  # what it says of addresses and files that are none
        raise UsageError(f"--dask {target}: no Dask scheduler answers there: {shortened(str(error), 200)}") from None


def _closed(client: Client) -> None:
    with suppress(OSError, RuntimeError):  # it is gone already
        client.close()


@contextmanager
def _started(path: str, wanted: ClusterFile) -> Iterator[Any]:
    start = getattr(import_module(MODULES[wanted.cluster]), wanted.cluster)
    options = {"silence_logs": logging.CRITICAL, **wanted.options}
    if wanted.cluster == "LocalCluster":
        options = {"n_workers": wanted.workers, "threads_per_worker": 1, **options}
    elif wanted.cluster == "SSHCluster":
        del options["silence_logs"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ports that are taken, and others are used
            cluster = start(**options)
    except Exception as error:  # whatever the options lead to, in many layers of others' code
        reason = shortened(str(_first(error)), 300)
        raise UsageError(f"{path}: {wanted.cluster} does not start: {reason}") from None
    with cluster:
        if wanted.cluster in SUBMIT:
            cluster.scale(wanted.workers or 1)
        yield cluster


def _first(error: BaseException) -> BaseException:
    """The error that all others came of."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    return error


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask has to tell of workers that come and go is told by the run."""
    import_module("distributed")  # which sets the levels of some of its loggers
    loggers = [
        logging.getLogger(name) for name in list(logging.root.manager.loggerDict) if name.startswith("distributed")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
