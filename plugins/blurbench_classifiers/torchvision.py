"""Any of torchvision's classification networks, fitted from scratch or onwards from its ImageNet weights.

Colours are standardised inside by ImageNet's mean and deviation; grey images become RGB. GoogLeNet and Inception come
without their auxiliary heads, whose losses are not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Pixels, Recipe, Shape
from blurbench.errors import Unavailable, UsageError
from blurbench_classifiers.published import Published, check_channels, check_torchvision_model

if TYPE_CHECKING:
    from torch import Tensor, nn

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's training images, by colour."""
WITHOUT_NORMS = ("alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "squeezenet1_0", "squeezenet1_1")


@dataclass(frozen=True)
class Torchvision(Published):
    """Any of torchvision's classification networks: `torchvision[model=resnet50]`.

    The paper's steps of the learning rate (a tenth every 30 of 90 epochs, or from 1e-4 down to 1e-6 to fine-tune
    AlexNet) become one cycle with the same peak, the nearest that a recipe can say.
    """

    paper: ClassVar[str] = "Kim (Seoul National University), pre-trained networks; Zhou, Song, Cheung 2017, section 4"

    model: str
    """The name in torchvision.models: alexnet, vgg19, googlenet, resnet50 ..."""
    weights: Literal["none", "imagenet1k-v1"] = "none"
    """Where fitting starts, with `retrain` too. The last layer is kept where there are 1000 classes, else it is new."""
    side: Annotated[int, Pixels(1, 1024)] | None = None
    """Images with a shorter side are enlarged to it; default: the least that the network works on. Networks of one
    fixed size (`vit_b_16`: 224) get images of that size, whatever they are."""

    def has_weights(self, classes: int) -> bool:
        """Those of ImageNet: else the last layer is new."""
        return self.weights != "none" and classes == 1000

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Raises UnknownName for the model, Unavailable for weights that are not here."""
        from torchvision import models

        from blurbench_classifiers.networks.adapted import Adapted, network_channels_last

        check_channels(shape)
        check_torchvision_model(self.model)
        network = models.get_model(self.model, weights=None, num_classes=classes, **self._options())
        if self.weights != "none":
            self._start_from_weights(network)
        least = max(next(iter(models.get_model_weights(self.model))).meta["min_size"])
        exact = hasattr(network, "image_size")
        if self.side and (exact or self.side < least):
            raise UsageError(f"{self.model} takes images of {least} pixels{'' if exact else ' or more'}: change side")
        return Adapted(network_channels_last(network), self.side or least, exact, MEAN, DEVIATION)

    def _options(self) -> dict[str, Any]:
        if self.model not in ("googlenet", "inception_v3"):
            return {}
        # Their weights expect colours standardised in another way, which they do themselves on request.
        return {"aux_logits": False, "init_weights": True, "transform_input": self.weights != "none"}

    def _start_from_weights(self, network: nn.Module) -> None:
        stored, own = self._stored(), network.state_dict()
        fitting = {name: value for name, value in stored.items() if name in own and value.shape == own[name].shape}
        for name in own.keys() - fitting.keys():
            # Old files do not count batches; only the last layer may have another shape, where classes differ.
            is_last = name in stored and stored[name].shape[:1] == (1000,)
            if not is_last and not name.endswith("num_batches_tracked"):
                raise UsageError(f"the stored weights of {self.model} do not fit at {name}: they are another network's")
        network.load_state_dict(fitting, strict=False)

    def _stored(self) -> dict[str, Tensor]:
        from torch import hub
        from torchvision import models

        members = {item.name: item for item in models.get_model_weights(self.model)}
        if "IMAGENET1K_V1" not in members:
            raise UsageError(f"torchvision has no weights imagenet1k-v1 of {self.model}")
        weights = members["IMAGENET1K_V1"]
        try:
            state = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except (OSError, RuntimeError) as error:
            folder, reason = f"{hub.get_dir()}/checkpoints", " ".join(str(error).split())
            raise Unavailable(
                f"the ImageNet weights of {self.model} are not here and could not be downloaded ({reason}); "
                f"get {weights.url} elsewhere and put it into {folder}"
            ) from None
        # DenseNet's were stored when its layers were called norm.1 for norm1.
        return {re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", name): value for name, value in state.items()}

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        onwards = purpose == "finetune" or self.weights != "none"
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        if budget.recipes == "fast":
            return Recipe(epochs, 3e-4 if onwards else 1e-3)
        if onwards:
            return Recipe(epochs, 1e-4, 256, "sgd", weight_decay=5e-4)
        return Recipe(epochs, 0.01 if self.model in WITHOUT_NORMS else 0.1, 256, "sgd", weight_decay=1e-4)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("torchvision", Torchvision)
