"""A trained network of one's own, as it is: an architecture, a file of weights, and its preprocessing.

checkpoint[network="timm:resnet18", weights=mine.safetensors, mean=[0.5, 0.5, 0.5], deviation=[0.5, 0.5, 0.5]]
checkpoint[network="torchvision:resnet50", weights=~/nets/resnet50.pth]
checkpoint[network="my_networks.py:build", weights=state.pt]

The baseline uses it as it is; remedies that need no training images work on it at once, and those that fit a classifier
fit on from its weights. Both files' content is part of every key.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Limits, Pixels, Recipe, Shape
from blurbench.errors import Skip, Unavailable, UsageError, shortened
from blurbench_classifiers.published import Published, check_channels, check_timm_model, check_torchvision_model

if TYPE_CHECKING:
    from torch import Tensor, nn

    from blurbench_classifiers.networks.adapted import Adapted

WRAPPED = ("state_dict", "model_state_dict", "model", "state_dict_ema")
"""Keys under which training scripts put the weights."""


@dataclass(frozen=True)
class Checkpoint(Published):
    """The classes must be the data set's, in its order: a head of another size is refused, never measured."""

    network: str
    """`timm:NAME`, `torchvision:NAME`, or `FILE.py:FUNCTION`, called with the number of classes."""
    weights: Path
    """safetensors, or a state dict that `torch.load(weights_only=True)` reads."""
    mean: Annotated[tuple[float, float, float], Limits(-10, 10)] = (0.485, 0.456, 0.406)
    """Subtracted from red, green and blue, on the 0..1 scale; ImageNet's unless said otherwise."""
    deviation: Annotated[tuple[float, float, float], Limits(1e-3, 10)] = (0.229, 0.224, 0.225)
    """What the rest is divided by."""
    side: Annotated[int, Pixels(1, 1024)] | None = None
    """Images are brought to this size, square, before the network; default: as they come."""

    @property
    def is_given(self) -> bool:
        return True

    def files(self) -> tuple[Path, ...]:
        """The weights, and the file of a network of one's own."""
        source, _ = self._named()
        code = (Path(source).expanduser(),) if source.endswith(".py") else ()
        return (self.weights.expanduser(), *code)

    def _named(self) -> tuple[str, str]:
        source, colon, name = self.network.rpartition(":")
        if not colon or not name or not (source in ("timm", "torchvision") or source.endswith(".py")):
            raise UsageError(f"network {self.network!r}: give timm:NAME, torchvision:NAME or FILE.py:FUNCTION")
        return source, name

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Raises UsageError where the weights are not the network's, Skip where its classes are not as many."""
        from blurbench_classifiers.networks.adapted import Adapted

        check_channels(shape)
        network = self._made(classes)
        self._load(network, classes)
        adapted = Adapted(network, self.side or 1, self.side is not None, self.mean, self.deviation)
        self._check_head(adapted, shape, classes)
        return adapted

    def _made(self, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.adapted import network_channels_last

        source, name = self._named()
        if source == "timm":
            import timm

            check_timm_model(name)
            return network_channels_last(timm.create_model(name, num_classes=classes))
        if source == "torchvision":
            from torchvision import models

            check_torchvision_model(name)
            return network_channels_last(models.get_model(name, weights=None, num_classes=classes))
        return _from_file(Path(source).expanduser(), name, classes)

    def _load(self, network: nn.Module, classes: int) -> None:
        """Every weight of the network is in the file, and no other."""
        state, own = _stored(self.weights.expanduser()), network.state_dict()
        wrong = [name for name in own.keys() & state.keys() if own[name].shape != state[name].shape]
        heads = [name for name in wrong if state[name].ndim and own[name].shape[0] == classes]
        if heads and len(heads) == len(wrong):
            raise Skip(
                f"{self.weights.name} answers {state[heads[0]].shape[0]} classes and the data set has {classes}: "
                "where it lacks some, name all in the network's order (data set with-classes; diagnose --classes)"
            )
        counters = {name for name in own if name.endswith("num_batches_tracked")}
        missing = sorted(own.keys() - state.keys() - counters)
        other = sorted(state.keys() - own.keys() - {name for name in state if name.endswith("num_batches_tracked")})
        if missing or other or wrong:
            first = (missing or other or sorted(wrong))[0]
            what = "is missing" if missing else "is none of its weights" if other else "has another shape"
            raise UsageError(f"{self.weights}: not the weights of {self.network}: {first} {what}")
        network.load_state_dict(state, strict=False)

    def _check_head(self, adapted: Adapted, shape: Shape, classes: int) -> None:
        import torch

        with torch.inference_mode():
            answers = adapted.eval()(torch.zeros(1, shape.channels, shape.height, shape.width))
        if not isinstance(answers, torch.Tensor):
            raise UsageError(
                f"{self.network} answers a {type(answers).__name__}, wanted logits, a tensor (images, classes): have "
                "the function give a network that answers them alone"
            )
        if answers.shape != (1, classes):
            raise Skip(f"{self.network} answers {tuple(answers.shape[1:])} and the data set has {classes} classes")

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        return Recipe(epochs, 3e-4, optimizer="adamw", weight_decay=0.05)


def _from_file(path: Path, function: str, classes: int) -> nn.Module:
    """Call a function of a Python file. It is the user's own code, named by the user."""
    import runpy

    from torch import nn

    if not path.is_file():
        raise Unavailable(f"{path} does not exist; name a Python file that is there")
    try:
        made = runpy.run_path(str(path))[function](classes)
    except KeyError:
        raise UsageError(f"{path} has no function {function!r}") from None
    except Exception as error:  # whatever the user's code raises
        raise UsageError(
            f"{path}: {function}({classes}) raised {type(error).__name__}: {shortened(str(error))}"
        ) from None
    if not isinstance(made, nn.Module):
        raise UsageError(f"{path}: {function}({classes}) gave {type(made).__name__}, wanted a torch.nn.Module")
    return made


def _stored(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name. No code in it is run."""
    import torch
    from safetensors.torch import load_file

    if not path.is_file():
        raise Unavailable(f"{path} does not exist; name a file of weights that is there")
    try:
        content: Any = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UsageError(f"{path}: no weights that can be read without running code; save model.state_dict()") from None
    except Exception as error:  # a damaged file may raise anything
        reason = f"{type(error).__name__}: {shortened(str(error), 120)}"
        raise UsageError(f"{path}: no weights that can be read without running code ({reason})") from None
    for key in WRAPPED:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise UsageError(f"{path}: no state dict; save model.state_dict()")
    return {name.removeprefix("module."): value for name, value in content.items()}


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("checkpoint", Checkpoint)
