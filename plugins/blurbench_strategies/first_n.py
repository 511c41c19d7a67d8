"""The clean classifier learns on: its first n units, on blurred images; the units after them are frozen.

A unit is a layer with weights; a norm belongs to the unit before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Classifier, Count, FitJob, Knows, Need, PredictorNeed, Setting, Strategy
from blurbench.errors import Skip
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class FirstN(Strategy):
    """Frozen means: no step, no weight decay, and batch norms keep their statistics; dropout stays on. What belongs to
    no unit, such as a position embedding, learns. With n = all units the whole network is fine-tuned."""

    paper: ClassVar[str] = "Zhou, Song, Cheung 2017, fine-tuning the first N layers"

    n: Annotated[int, Count(1, 64)]
    on: Literal["blurred", "clean"] = "blurred"
    """`clean` is the control: the same further epochs without any blur."""

    def knows(self) -> Knows:
        return "training blur" if self.on == "blurred" else "nothing"

    def uses_train_blur(self) -> bool:
        return self.on == "blurred"

    def requires(self) -> tuple[str, ...]:
        return ("labels", "clean images")

    def skip(self, setting: Setting) -> str | None:
        if type(setting.classifier).units is Classifier.units:
            return "the classifier does not say in which order its layers come"
        return None

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        return {"plain": PredictorNeed(Plain())}

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Raises Skip where the classifier has fewer than n units."""
        from blurbench.training import fit_classifier, recipe_for

        assert module is not None
        setting, clean = job.setting, job.inputs["plain"].module
        assert clean is not None
        module.load_state_dict(clean.state_dict())
        blurred = self.on == "blurred"
        return fit_classifier(
            module,
            lambda epoch: job.blur(job.train, epoch).images if blurred else job.train.images,
            job.train.labels,
            recipe_for(setting, "finetune"),
            setting.seed,
            (
                lambda epoch: job.blur(job.validation, epoch).images if blurred else job.validation.images,
                job.validation.labels,
            ),
            trainable=self.learning(module, setting.classifier.units(module)),
        )

    def learning(self, module: nn.Module, units: Sequence[Sequence[nn.Module]]) -> list[nn.Parameter]:
        """The parameters that are not frozen."""
        if self.n > len(units):
            raise Skip(f"the classifier has {len(units)} units, fewer than {self.n}")
        frozen = {id(value) for unit in units[self.n :] for layer in unit for value in layer.parameters()}
        return [value for value in module.parameters() if id(value) not in frozen]


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("first-n", FirstN)
