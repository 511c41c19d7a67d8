"""Memory for large temporary tensors."""

import gc

import torch

from blurbench.imaging import workspaces


def test_memory_is_used_again_once_nothing_refers_to_it():
    workspaces.free_workspaces()
    first = workspaces.lease((1000, 10), torch.float32)
    place = first.data_ptr()
    second = workspaces.lease((1000, 10), torch.float32)
    assert second.data_ptr() != place
    part = first[5:]
    del first
    gc.collect()
    third = workspaces.lease((1000, 10), torch.float32)
    assert third.data_ptr() != place  # a part of it is still in use
    del part
    assert workspaces.lease((1000, 10), torch.float32).data_ptr() == place


def test_no_more_memory_is_kept_than_allowed(monkeypatch):
    workspaces.free_workspaces()
    monkeypatch.setattr(workspaces, "KEPT_BYTES", 10_000)
    tensors = [workspaces.lease((1000,), torch.float32) for _ in range(5)]
    del tensors
    assert sum(memory.nbytes for memory in workspaces._free) == 8_000
    workspaces.free_workspaces()
    assert not workspaces._free
