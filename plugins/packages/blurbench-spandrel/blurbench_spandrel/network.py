"""A network from a file of weights: read without running code, told apart and built by spandrel."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from blurbench.errors import Skip, Unavailable, UsageError, shortened

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # some of the architectures use torch.jit
    import spandrel

    try:
        from spandrel_extra_arches import EXTRA_REGISTRY
    except ImportError:
        EXTRA_REGISTRY = None

__all__ = ["Network", "check", "load"]


class Network(nn.Module):
    """A network of spandrel's, for grey images as for colour ones, and for several at once."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network: nn.Module = descriptor.model
        self.descriptor = descriptor
        self.channels: int = descriptor.input_channels
        self.takes_batches = _takes_batches(descriptor)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images (N, C, H, W) within [0, 1], which is all that spandrel's networks are given, too.

        A colour network sees a grey image three times, and the mean of what it gives counts; a grey network sees
        every channel by itself.
        """
        given = images.clamp(0, 1)
        if images.shape[1] == self.channels:
            return self._restored(given)
        if self.channels == 1:
            return self._restored(given.flatten(0, 1)[:, None]).view_as(images)
        return self._restored(given.expand(-1, self.channels, -1, -1)).mean(1, keepdim=True)

    def _restored(self, images: Tensor) -> Tensor:
        parts = (images,) if self.takes_batches else torch.split(images, 1)
        return torch.cat([self.descriptor(part) for part in parts])


def _takes_batches(descriptor: Any) -> bool:
    """spandrel promises an answer for one image at a time; most networks give the same for several, which is faster."""
    images = torch.linspace(0, 1, 2 * descriptor.input_channels * 32 * 32).view(2, -1, 32, 32)
    try:
        together = descriptor(images)
    except Exception:  # such as from networks that are told the noise in a channel of their own
        return False
    return torch.allclose(together, torch.cat([descriptor(image) for image in torch.split(images, 1)]), atol=1e-5)


# --- files ---------------------------------------------------------------------------------------------------------


def load(path: Path, channels: int) -> Network:
    """The network whose weights are in the file, for images of so many channels. Raises what `Spandrel.load` says."""
    with torch.random.fork_rng(devices=()):  # building draws weights, which those of the file replace
        descriptor = _built(path, _stored(path))
        check(path, descriptor)
        network = Network(descriptor.eval())
    if channels != network.channels and 1 not in (channels, network.channels):
        raise Skip(f"{path.name} takes images of {network.channels} channels, and these have {channels}")
    return network


def _stored(path: Path) -> dict[str, Any]:
    """What is in the file. No code in it is run."""
    from safetensors.torch import load_file

    if not path.is_file():
        raise Unavailable(f"{path} does not exist; name a file of weights that is there")
    try:
        content: Any = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except Exception as error:  # a damaged file may raise anything, and torch raises pages
        reason = type(error).__name__
        raise UsageError(f"{path}: no weights that can be read without running code ({reason})") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: no state dict; save model.state_dict()")
    return content


def _built(path: Path, content: dict[str, Any]) -> Any:
    """spandrel's description of the network, weights loaded."""
    try:
        return _architectures().load(content)
    except spandrel.UnsupportedModelError:
        extra = "; for Restormer, MPRNet, MIRNet ...: pip install 'blurbench-spandrel[extra]'"
        more = extra if EXTRA_REGISTRY is None else ""
        raise UsageError(f"{path}: spandrel knows no architecture with these weights{more}") from None
    except Exception as error:  # names that it knows, and shapes that do not fit
        reason = f"{type(error).__name__}: {shortened(str(error), 120)}"
        raise UsageError(f"{path}: no complete weights of a network that spandrel knows ({reason})") from None


def _architectures() -> spandrel.ArchRegistry:
    """All that are installed, in a registry of our own, as spandrel's is the whole process's."""
    registry = spandrel.ArchRegistry()
    for known in (spandrel.MAIN_REGISTRY, EXTRA_REGISTRY):
        if known is not None:
            registry.add(*known.architectures(), ignore_duplicates=True)
    return registry


def check(path: Path, descriptor: Any) -> None:
    """Raise UsageError for what is no restorer."""
    name = f"{path}: {descriptor.architecture.name}"
    if not isinstance(descriptor, spandrel.ImageModelDescriptor):
        raise UsageError(f"{name} fills in what a mask hides; a restorer needs a network from an image to an image")
    if descriptor.scale != 1:
        raise UsageError(f"{name} enlarges {descriptor.scale} times; a restorer needs a network of scale 1")
    if descriptor.input_channels != descriptor.output_channels:
        channels = f"{descriptor.input_channels} channels to {descriptor.output_channels}"
        raise UsageError(f"{name} maps {channels}; a restorer needs as many as it is given")
