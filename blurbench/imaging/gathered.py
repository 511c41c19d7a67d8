"""Images that memory does not hold: made, a batch at a time, where somebody asks for them."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Callable, Mapping, Sequence
from tempfile import TemporaryFile
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils._pytree import tree_any, tree_map

from blurbench.errors import PluginError

__all__ = ["BATCH", "Gathered", "scratch"]

BATCH = 256
"""So many images, or fewer, are always made at once when they are asked for."""

Make: TypeAlias = Callable[[Tensor], Tensor]
"""Positions, int64 (n,) on the CPU, to a tensor of n rows."""

_aten = torch.ops.aten

_ROW_BY_ROW = frozenset(
    {"_to_copy", "amax", "amin", "cat", "flatten", "mean", "reshape", "select", "slice", "std", "sum", "var", "view"}
)
"""Operations whose result may have a row for each row, made of that row alone; pointwise ones are so, too."""

_OVER_DIMENSIONS = frozenset({"amax", "amin", "mean", "std", "sum", "var"})


class Gathered(Tensor):
    """A tensor of N rows, of which none is in memory: `images[rows]` makes them.

    Whatever torch does to each row by itself gives another such tensor, or a plain one where the result is small.
    Whatever needs all rows at once, such as a mean over them, gets them as a plain tensor, in a file without a name
    where they take more than `room` bytes. The numbers are those of plain tensors, bit by bit, as long as `make` gives
    an image the same pixels in any company. Changing it in place raises PluginError.
    """

    make: Make
    room: int

    @staticmethod
    def __new__(
        cls, shape: Sequence[int], make: Make, room: int, dtype: torch.dtype, device: torch.device | str
    ) -> Gathered:
        with torch.inference_mode(False):
            # No storage, so that whatever looks at it comes to `__torch_dispatch__`.
            wrapped: Gathered = Tensor._make_wrapper_subclass(
                cls, tuple(shape), dtype=dtype, device=torch.device(device)
            )
        return wrapped

    def __init__(
        self, shape: Sequence[int], make: Make, room: int, dtype: torch.dtype, device: torch.device | str
    ) -> None:
        self.make, self.room = make, room

    def __getitem__(self, which: Any) -> Any:
        # Here and not below, so that `make` runs as if the caller had called it, with derivatives where there are any.
        every = torch.arange(len(self))
        match which:
            case slice():
                return self.rows(every[which])
            case int():
                return self.rows(every[which][None])[0]
            case Tensor() if which.ndim == 1 and not isinstance(which, Gathered):
                return self.rows(every[which.cpu()])
            case _:
                return super().__getitem__(which)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        # Views are made anew, and outside inference mode, in which torch would count their versions.
        with torch.inference_mode(False):
            return _done(func, args, dict(kwargs or {}))

    def of(self, make: Make, like: Tensor | None = None) -> Gathered:
        """As many rows that are made otherwise; of the form of `like` (N, ...), where it is given."""
        form = self if like is None else like
        return Gathered(form.shape, make, self.room, form.dtype, self.device)

    def rows(self, positions: Tensor) -> Tensor:
        """Some of the rows: made now where they are few, else gathered in their turn."""
        if len(positions) > BATCH and _bytes(self, len(positions)) > self.room:
            return self.later(positions)
        made = self.make(positions)
        # What was made in inference mode could not be fitted to.
        return made.clone() if made.is_inference() and not torch.is_inference_mode_enabled() else made

    def later(self, positions: Tensor) -> Gathered:
        """Some of the rows, gathered in their turn."""
        shape = (len(positions), *self.shape[1:])
        return Gathered(shape, lambda rows: self.make(positions[rows]), self.room, self.dtype, self.device)

    def whole(self) -> Tensor:
        """All rows as a plain tensor; on the CPU in a file where they take more than `room`."""
        in_memory = _bytes(self, len(self)) <= self.room or self.device.type != "cpu"
        out = torch.empty(self.shape, dtype=self.dtype, device=self.device) if in_memory else scratch(self)
        step = max(1, min(BATCH, self.room // max(1, _bytes(self, 1))))
        for positions in torch.split(torch.arange(len(self)), step):
            out[positions[0] : positions[-1] + 1] = self.make(positions)
        return out

    def contiguous(self, *how: Any, **more: Any) -> Tensor:
        """All rows, for those who look at memory."""
        return self.whole()

    def numpy(self, *how: Any, **more: Any) -> Any:
        """All rows."""
        return self.whole().numpy(*how, **more)

    def data_ptr(self) -> int:
        """Raises PluginError: there is no memory to point to."""
        raise PluginError("images that memory does not hold have no address; take a part of them, as images[:256]")


def scratch(like: Tensor) -> Tensor:
    """Zeros of a form, in a file without a name, which goes when they go. Raises OSError where the disk is full."""
    size = max(1, _bytes(like, len(like)))
    with TemporaryFile() as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a disk that is full later would end the process
        buffer = mmap.mmap(file.fileno(), size)
    return torch.frombuffer(buffer, dtype=like.dtype, count=like.numel()).view(like.shape)


def _bytes(tensor: Tensor, rows: int) -> int:
    return rows * math.prod(tensor.shape[1:]) * tensor.element_size()


# --- what torch asks for -------------------------------------------------------------------------------------------


def _done(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if func._schema.is_mutable and tree_any(_is_gathered, _changed(func, args, kwargs)):
        raise PluginError("images that memory does not hold were changed in place; work on a clone")
    name, first = func.overloadpacket.__name__, args[0]
    if isinstance(first, Gathered) and (answer := _taken(name, first, *args[1:], **kwargs)) is not None:
        return answer
    if torch.Tag.pointwise in func.tags or name in _ROW_BY_ROW:
        form = func(*tree_map(_form, args), **tree_map(_form, kwargs))
        if _is_row_by_row(name, form, args):
            return _row_by_row(func, form, args, kwargs)
    return func(*tree_map(_whole, args), **tree_map(_whole, kwargs))


def _changed(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
    """The arguments that an operation writes into."""
    written = [item.name for item in func._schema.arguments if item.alias_info and item.alias_info.is_write]
    by_name = dict(zip((item.name for item in func._schema.arguments), args, strict=False)) | dict(kwargs)
    return [by_name.get(name) for name in written]


def _taken(name: str, images: Gathered, *args: Any, **kwargs: Any) -> Any:
    """What takes some of the rows, or all as they are; None for anything else."""
    every = torch.arange(len(images))
    match name, args:
        case (("detach" | "alias" | "lift_fresh"), ()):
            return images.of(images.make)
        case "clone", ():
            return images.whole()
        case "index", ([Tensor() as which],) if which.ndim == 1 and not _is_gathered(which):
            return images.rows(every[which.cpu()])
        case "index_select", (0, Tensor() as which):
            return images.rows(every[which.cpu()])
        case "slice", (0, *ends):
            start, end, step = [*ends, None, None, None][:3]
            return images.rows(every[slice(start, end, step)])
        case "slice", ():
            return images.rows(every)
        case "select", (0, int(place)):
            return images.rows(every[place][None])[0]
        case "split", (int(size),) | (int(size), 0):
            return [images.later(some) for some in torch.split(every, size)]
    return None


def _is_row_by_row(name: str, form: Any, args: tuple[Any, ...]) -> bool:
    """Whether the result of that form has a row for each of the N rows of what is gathered."""
    counts = {(len(item), item.ndim) for item in _leaves(args) if _is_gathered(item)}
    if len(counts) != 1 or not isinstance(form, Tensor) or not form.ndim:
        return False
    ((count, dimensions),) = counts
    if len(form) != count or (name not in _ROW_BY_ROW and form.ndim != dimensions):
        return False
    if name == "cat":
        return all(len(item) == count for item in _leaves(args[0])) and _among(args[1:2] or (0,), dimensions)
    if name in ("select", "slice"):
        return _among(args[1:2], dimensions)
    # `mean(0)` of N images of N rows has N rows, too.
    return name not in _OVER_DIMENSIONS or (len(args) > 1 and bool(args[1]) and _among(args[1], dimensions))


def _among(wanted: Sequence[int], dimensions: int) -> bool:
    """Whether none of the dimensions is the first."""
    return all(dimension % dimensions for dimension in wanted)


def _row_by_row(func: Any, form: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor:
    first: Gathered = next(item for item in _leaves(args) if _is_gathered(item))
    count, dimensions = len(first), first.ndim

    def make(positions: Tensor) -> Tensor:
        def some(value: Any) -> Any:
            if not isinstance(value, Tensor) or value.ndim != dimensions or len(value) != count:
                return value
            return value.make(positions) if isinstance(value, Gathered) else value[positions.to(value.device)]

        if func.overloadpacket.__name__ in ("view", "reshape", "flatten"):  # the number of rows is among the arguments
            return first.make(positions).reshape(len(positions), *form.shape[1:])
        made: Tensor = func(*tree_map(some, args), **tree_map(some, kwargs))
        return made

    gathered = first.of(make, form)
    return gathered.whole() if _bytes(form, len(form)) <= first.room else gathered


def _leaves(args: Any) -> list[Any]:
    return [leaf for item in args for leaf in (item if isinstance(item, list | tuple) else (item,))]


def _is_gathered(value: Any) -> bool:
    return isinstance(value, Gathered)


def _whole(value: Any) -> Any:
    return value.whole() if isinstance(value, Gathered) else value


def _form(value: Any) -> Any:
    """A tensor without numbers."""
    if not isinstance(value, Tensor):
        return value
    return torch.empty(value.shape, dtype=value.dtype, device="meta")
