"""What a task's key follows from, and how it comes to a worker."""

from __future__ import annotations

import json
import pickle

import pytest

from blurbench.matrix.tasks import Fit, FitRestorer
from blurbench.registry import Registry, config
from tests.matrix.conftest import Planner, keys, tasks


def test_a_time_limit_changes_no_key(planned: Planner) -> None:
    assert keys(planned(changes={"minutes_per_job": 99.0})) == keys(planned())


def test_a_revision_is_part_of_the_key(planned: Planner, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(planned())
    gaussian = registry.get("blurs", "gaussian").target
    monkeypatch.setattr(gaussian, "revision", 1000)
    assert len(before & keys(planned())) == 1, "only plain on clean images has nothing to do with gaussian"


def test_a_restorer_is_shared_by_all_classifiers(planned: Planner) -> None:
    strategy = "deblur-then-classify[restorer=unet[kernel=3]]"
    matrix = [{"classifiers": ["cnn3", "cnn3[widths=[4, 8, 8]]"], "strategies": ["plain", strategy]}]
    assert len(tasks(planned(matrix=matrix, train_blurs=["gaussian[sigma=2]"]), FitRestorer)) == 1


def test_the_content_of_a_key_is_plain_json(planned: Planner, registry: Registry) -> None:
    for task in planned().tasks.values():
        if isinstance(task, Fit):
            content = task.config(lambda plugin: config(registry, plugin))
            assert json.loads(json.dumps(content)) == json.loads(json.dumps(content, default=str))


def test_a_task_is_sent_to_a_worker_as_the_object_that_it_is(planned: Planner) -> None:
    for task in planned().tasks.values():
        again = pickle.loads(pickle.dumps(task))
        assert (type(again), again.key, again.title) == (type(task), task.key, task.title)
        assert [needed.key for needed in again.needs] == [needed.key for needed in task.needs]
