"""A GPU that is not there: tensors that say they lie on it, with their numbers in the memory of the CPU.

Whatever mixes them with tensors of the CPU fails, as on a real one. Unlike torch's fake tensors they have values, so
code that reads one off the device runs too, and results can be compared. `reads` counts how often that happened: each
time a real GPU would be waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_map_only

__all__ = ["PretendedGpu", "moved"]

aten = torch.ops.aten
# Indices may lie on the CPU, and copies are what brings tensors from one device to another.
MAY_MIX = {aten.copy_, aten._to_copy, aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
READS = {aten._local_scalar_dense, aten.nonzero, aten.equal, aten.is_nonzero}


class _There(torch.Tensor):
    """Says that it lies on `device`; `here` has its numbers."""

    here: torch.Tensor

    @staticmethod
    def __new__(cls, here: torch.Tensor, device: torch.device) -> _There:
        made = torch.Tensor._make_wrapper_subclass(
            cls, here.shape, here.stride(), here.storage_offset(), dtype=here.dtype, device=device,
            requires_grad=here.requires_grad,
        )  # fmt: skip
        made.here = here.detach()
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"{self.here} on {self.device}"

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with PretendedGpu.current or PretendedGpu():
            return function(*args, **(kwargs or {}))

    def tolist(self) -> Any:
        return self.cpu().tolist()


class PretendedGpu(TorchDispatchMode):
    """While it is entered, `device` can be asked for as any other. `doubles` False: it knows no float64, as Metal."""

    current: PretendedGpu | None = None

    def __init__(self, doubles: bool = True) -> None:
        super().__init__()
        self.device = torch.device("cuda", 0)
        self.doubles = doubles
        self.reads = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        packet = function.overloadpacket
        given = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, torch.Tensor)]
        there = [value for value in given if isinstance(value, _There)]
        strangers = [value for value in given if not isinstance(value, _There) and value.ndim]
        if there and strangers and packet not in MAY_MIX:
            raise RuntimeError(f"{function} was given tensors on {self.device} and on the CPU {strangers[0].shape}")
        on_gpu = bool(there)
        if (wanted := kwargs.get("device")) is not None:
            on_gpu = torch.device(wanted).type == self.device.type
            kwargs["device"] = torch.device("cpu")
        elif packet is aten.copy_:
            on_gpu = isinstance(args[0], _There)
        if there and (packet in READS or (wanted is not None and not on_gpu)):
            self.reads += 1
        kwargs.pop("pin_memory", None)
        out = function(*self._here(args), **self._here(kwargs))
        if packet is aten._to_copy and not on_gpu:
            return out
        return self._out(out, args, on_gpu)

    def _here(self, values: Any) -> Any:
        return tree_map_only(_There, lambda value: value.here, values)

    def _out(self, out: Any, args: Any, on_gpu: bool) -> Any:
        if not on_gpu:
            return out
        # What is changed in place stays the same object.
        same = {id(value.here): value for value in tree_flatten(args)[0] if isinstance(value, _There)}

        def back(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            if not self.doubles and value.dtype in (torch.float64, torch.complex128):
                raise TypeError(f"{self.device} has no float64")
            return same.get(id(value)) if id(value) in same else _There(value.resolve_conj().resolve_neg(), self.device)

        return tree_map(back, out)


@contextmanager
def entered(gpu: PretendedGpu) -> Iterator[PretendedGpu]:
    """Code that runs with `gpu` there."""
    PretendedGpu.current = gpu
    before, start, inference = torch.backends.cudnn.enabled, torch.cuda._lazy_init, torch.inference_mode
    torch.inference_mode = lambda mode=True: torch.set_grad_enabled(not mode)  # which subclasses of Tensor cannot do
    torch.backends.cudnn.enabled = False
    if not torch.cuda.is_available():
        torch.cuda._lazy_init = lambda: None  # there is no driver to be started
        torch._C._ensureCUDADeviceGuardSet()  # nor a device to be switched to
    lifted = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor makes its tensors on the CPU and copies them
    try:
        with gpu, torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            yield gpu
    finally:
        PretendedGpu.current = None
        torch._C._set_only_lift_cpu_tensors(lifted)
        torch.backends.cudnn.enabled, torch.cuda._lazy_init, torch.inference_mode = before, start, inference


def moved(value: Any, gpu: PretendedGpu) -> Any:
    """A tensor, a network or a dataclass's tensors onto the GPU."""
    if isinstance(value, torch.nn.Module):
        for module in value.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    there = _There(parameter.detach(), gpu.device)
                    module._parameters[name] = torch.nn.Parameter(there, parameter.requires_grad)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = _There(buffer, gpu.device)
        return value
    return _There(value, gpu.device)
