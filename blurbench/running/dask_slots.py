"""Slots that are workers of Dask. Dask brings and watches them; what is done where stays our scheduler's business.

A slot is a thread of a Dask worker, or one of its GPUs; its process lives there (`dask_host`). A future is one
question, pinned to its worker and never asked twice: what does this slot say next? It is released with the answer, so
that nothing is left for Dask to move or to compute again.
"""

from __future__ import annotations

import itertools
import math
import pickle
import queue
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurbench.errors import BlurbenchError, UsageError, shortened
from blurbench.matrix.tasks import Task
from blurbench.registry.discovery import installed_packages
from blurbench.running.dask_cluster import DaskPlace, connected
from blurbench.running.dask_host import ask, follow, stop, survey
from blurbench.running.slots import interrupts_ignored
from blurbench.running.worker import Answer, Lost, Message, Options, Waiting
from blurbench.store.files import write_atomically
from blurbench.store.provenance import package_versions

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskSlots", "dask_slots"]

LOOK_SECONDS = 1.0
"""So often it is looked which workers there are."""

TELL_SECONDS = 10.0
"""After so long it is told that there is none yet."""

PATIENCE_SECONDS = 300.0
"""How long there may be no worker at all, where it is not this run that starts them."""

COMPARED = ("blurbench", "torch")
"""What must be the same everywhere, beside the packages that plugins come from."""

WORKER_GONE = "its Dask worker has gone"
"""How a slot's process died, where Dask itself lost it."""


@dataclass
class _Place:
    """Where a slot is, and the question that it was asked last."""

    address: str
    worker: str
    """Its name for itself: a worker that comes anew to the same address is another."""
    options: Options
    machine: Mapping[str, Any]
    end: float
    """When its machine is taken from it."""
    asked: Future | None = None


class DaskSlots:
    """The slots of all Dask workers that can take part, up to `most`."""

    def __init__(self, client: Client, options: Options, token: Path, most: int | None, patience: float) -> None:
        self.client, self.options, self.token, self.patience = client, options, token, patience
        self.most = math.inf if most is None else most
        self.run = secrets.token_hex(8)
        self.anchor = client.submit(str, self.run, key=f"blurbench-{self.run}", pure=False)
        """Held as long as the run goes on."""
        self.places: dict[int, _Place] = {}
        self.fresh = itertools.count()
        self.spare: list[_Place] = []
        """Those beyond the most that are wanted, until others go."""
        self.known: set[str] = set()
        """The addresses of all workers, those that cannot take part included."""
        self.said: queue.SimpleQueue[tuple[int, Future]] = queue.SimpleQueue()
        self.own: list[tuple[int, Message]] = []
        """What is to be said without asking."""
        self.looked, self.manned = -math.inf, time.monotonic()
        self.machine: Mapping[str, Any] = {}
        """What timings hold for: the first worker's."""
        self._await_one()

    def numbers(self) -> Set[int]:
        """See `Slots`."""
        return self.places.keys()

    def ends(self) -> Mapping[int, float]:
        """See `Slots`."""
        return {slot: place.end for slot, place in self.places.items() if place.end < math.inf}

    def now(self) -> float:
        """See `Slots`."""
        return time.monotonic()

    def send(self, slot: int, task: Task, force: bool) -> None:
        """See `Slots`."""
        if task.wants_quiet and not self._is_on_timing_machine(slot):
            reason = "the machine that timings hold for has gone; the next run takes them on another"
            self.own.append((slot, Answer(task.key, "skipped", reason)))
            return
        self._ask(slot, pickle.dumps((task, force)))

    def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
        """See `Slots`."""
        end, before = self.now() + seconds, set(self.places)
        while True:
            self._look()
            heard = [message for message in self.own if message[0] in busy]
            self.own.clear()
            heard += [(slot, Lost(WORKER_GONE)) for slot in busy if slot not in self.places]
            heard += self._heard(0.0 if heard else max(0.0, min(LOOK_SECONDS, end - self.now())))
            if heard or self.now() >= end or self.places.keys() - before:
                return heard

    def replace(self, slot: int) -> None:
        """See `Slots`."""
        if (place := self.places.get(slot)) is None:
            return
        place.asked = None
        ids = self.client.run(stop, self.run, slot, workers=[place.address], on_error="ignore")
        if ids.get(place.address) != place.worker:
            self._forget(place.address)

    def stop(self) -> None:
        """Stop all processes, whatever they do."""
        with interrupts_ignored(), suppress(OSError, RuntimeError):  # Dask's scheduler is gone: its workers end, too
            there = self._workers() & {place.address for place in self.places.values()}
            self.client.run(stop, self.run, workers=sorted(there), on_error="ignore")

    # --- questions -------------------------------------------------------------------------------------------------

    def _ask(self, slot: int, task: bytes | None) -> None:
        place = self.places[slot]
        place.asked = self.client.submit(
            ask,
            *(self.run, slot, place.worker, place.options, task),
            key=f"blurbench-{self.run}-{slot}-{secrets.token_hex(4)}",
            workers=[place.address],
            allow_other_workers=False,
            retries=0,
            pure=False,
        )
        place.asked.add_done_callback(lambda future: self.said.put((slot, future)))

    def _heard(self, seconds: float) -> list[tuple[int, Message]]:
        """The next answer, as soon as there is one."""
        try:
            slot, future = self.said.get(timeout=seconds)
        except queue.Empty:
            return []
        place = self.places.get(slot)
        if place is None or place.asked is None or future.key != place.asked.key:
            return []
        message = self._message(place, future)
        place.asked = None  # released
        if isinstance(message, Waiting):
            self._ask(slot, None)
        return [(slot, message)]

    def _message(self, place: _Place, future: Future) -> Message:
        if future.status in ("cancelled", "lost"):
            if self._has_left(place):  # and took the answer along
                return Lost(WORKER_GONE)
            raise _gone()  # Dask's client lost its scheduler
        if future.status == "error":
            return Lost(shortened(f"Dask says {future.exception()!r}", 200))
        end = self.now() + PATIENCE_SECONDS
        while True:
            try:
                message: Message = pickle.loads(future.result(timeout=LOOK_SECONDS))
                return message
            except (OSError, RuntimeError) as error:
                # Its worker keeps the answer, and may be gone before it is fetched.
                if self._has_left(place):
                    return Lost(WORKER_GONE)
                if not isinstance(error, TimeoutError) or self.now() > end:
                    raise _gone() from error

    # --- workers ---------------------------------------------------------------------------------------------------

    def _await_one(self) -> None:
        began, told = self.now(), False
        while not self.places:
            self._look(starting=True)
            if not told and self.now() - began > TELL_SECONDS:
                print("blurbench: waiting for a Dask worker to come", file=sys.stderr, flush=True)
                told = True

    def _look(self, starting: bool = False) -> None:
        """See once in a while who has come and who has gone."""
        if (wait := self.looked + LOOK_SECONDS - self.now()) > 0:
            if not starting:
                return
            time.sleep(wait)
        self.looked = self.now()
        there = self._workers()
        for address in self.known - there:
            self._forget(address)
        if fresh := there - self.known:
            self._take_in(sorted(fresh), starting)
        if self.places:
            self.manned = self.now()
        elif self.now() - self.manned > self.patience:
            raise BlurbenchError(
                f"there was no Dask worker for {self.patience / 60:g} minutes; start some (`dask worker ADDRESS`), and "
                "the same command goes on from here"
            )

    def _workers(self) -> set[str]:
        """The addresses of all workers now. Asked of Dask's scheduler: what `scheduler_info` has is at times what the
        client last heard in passing, without any worker."""
        try:
            return set(self.client.nthreads())
        except (OSError, RuntimeError) as error:
            raise _gone() from error

    def _has_left(self, place: _Place) -> bool:
        return place.address not in self._workers()

    def _forget(self, address: str) -> None:
        self.known.discard(address)
        self.spare = [place for place in self.spare if place.address != address]
        for slot in [slot for slot, place in self.places.items() if place.address == address]:
            del self.places[slot]
        self._fill()

    def _fill(self) -> None:
        while self.spare and len(self.places) < self.most:
            self.places[next(self.fresh)] = self.spare.pop(0)

    def _take_in(self, fresh: list[str], starting: bool) -> None:
        """Make slots of new workers. One that cannot take part ends a run that starts; later it is left out."""
        wanted = self.options
        told = (wanted.device, wanted.threads, str(self.token))
        found = self.client.run(survey, *told, workers=fresh, on_error="return")
        for address, answer in found.items():
            if isinstance(answer, OSError):  # it has gone again
                continue
            self.known.add(address)
            if problem := self._problem(answer):
                problem = f"the Dask worker {address} {problem}"
                if starting:
                    raise UsageError(problem)
                print(f"blurbench: {problem}: it is left out", file=sys.stderr, flush=True)
                continue
            self._add(address, answer, devices(answer, wanted.threads))

    def _problem(self, answer: dict[str, Any] | Exception) -> str:
        """Why a worker cannot take part; empty if it can."""
        if isinstance(answer, Exception):
            return (
                f"cannot run this blurbench: {type(answer).__name__}: {shortened(str(answer), 200)}; install the same"
            )
        if differs := differing(answer["versions"], _versions()):
            return f"on {answer['host']} has {differs}: install the same"
        if not answer["sees"]:
            return f"on {answer['host']} does not see the results folder {self.options.out}: name one on a shared disk"
        return ""

    def _add(self, address: str, answer: Mapping[str, Any], slots: Sequence[str]) -> None:
        self.machine = self.machine or answer["machine"]
        self.client.run(follow, self.run, self.anchor.key, workers=[address], on_error="ignore")
        for device in slots:
            options = replace(self.options, device=device)
            end = self.now() + answer["seconds_left"]
            self.spare.append(_Place(address, answer["worker"], options, answer["machine"], end))
        self._fill()

    def _is_on_timing_machine(self, slot: int) -> bool:
        """With nothing else under way, the slot trades places with one that is, if need be."""
        if self.places[slot].machine == self.machine:
            return True
        for other, place in self.places.items():
            if place.machine == self.machine:
                self.places[slot], self.places[other] = place, self.places[slot]
                return True
        return False


@contextmanager
def dask_slots(place: DaskPlace, options: Options, most: int | None) -> Iterator[DaskSlots]:
    """Slots as long as the block runs; `options` are each slot's but for the device, which may be `auto`.

    Raises:
        UsageError: there is no such scheduler or cluster, or a worker cannot take part.
        BlurbenchError: no worker comes, or Dask's scheduler goes.
    """
    token = options.out / "locks" / f"dask-{secrets.token_hex(8)}"
    with connected(place) as client:
        write_atomically(token, "seen by all workers\n")
        try:
            slots = DaskSlots(client, options, token, most, math.inf if place.is_ours else PATIENCE_SECONDS)
            try:
                yield slots
            finally:
                slots.stop()
        finally:
            token.unlink(missing_ok=True)


def devices(told: Mapping[str, Any], threads: int) -> list[str]:
    """The device of each slot of a worker: one a GPU, as many as it says that it has, but no more than it runs at once;
    else one for so many of its threads."""
    found: list[str] = told["devices"]
    runs: int = told["nthreads"]
    if found[0].startswith("cuda"):
        gpus: float = told["resources"].get("GPU", len(found))
        return found[: int(min(gpus, runs))]
    return found[:1] * max(1, runs // threads)


def _versions() -> dict[str, str]:
    ours = package_versions()
    return {**{package: ours[package] for package in COMPARED if package in ours}, **installed_packages()}


def differing(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """The first package of which a worker has another version than the run, in words; empty if there is none."""
    for package, version in sorted(ours.items()):
        if (found := theirs.get(package)) is None:
            return f"no {package}, and this run has {version}"
        if found.partition("+")[0] != version.partition("+")[0]:  # torch names what it is built for behind the +
            return f"{package} {found}, and this run has {version}"
    return ""


def _gone() -> BlurbenchError:
    return BlurbenchError(
        "the Dask scheduler has gone; what was measured is kept, and the same command goes on from there"
    )
