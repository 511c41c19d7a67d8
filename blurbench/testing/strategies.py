"""What a strategy promises: it fits and predicts as a run has it do, knowing no more than it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, get_args

import torch
from torch import Tensor, nn

from blurbench.contract import (
    Classifier,
    Degraded,
    FitJob,
    Fitted,
    ImageSet,
    Knows,
    Plugin,
    Predictor,
    Restorer,
    Setting,
    Shape,
    Strategy,
)
from blurbench.errors import Skip, UsageError
from blurbench.imaging.draws import Draws
from blurbench.measurements.contract_checks import check_output, check_predictor
from blurbench.registry import Registry
from blurbench.testing.fitting import Blurring, fit_estimator, fit_restorer, fitted, stored_and_loaded
from blurbench.testing.guards import check_rows, equal_states, frozen_state
from blurbench.testing.report import Report
from blurbench.testing.samples import BUDGET, SampleBlur, SampleClassifier, SampleDigits, digit_sets

__all__ = ["check_strategy"]

SHAPE, CLASSES = Shape(1, 16, 16), 10


def check_strategy(report: Report, registry: Registry, strategy: Strategy) -> None:
    """Fit a strategy to a hundred digits and have it predict others, with the first classifier that it takes."""
    _check_statements(report, strategy)
    setting = _setting(report, registry, strategy)
    if setting is not None:
        with report.trying("fitting and predicting"):
            _Trial(report, setting).run()


def _check_statements(report: Report, strategy: Strategy) -> None:
    with report.trying("what it says of itself"):
        knows: Any = strategy.knows()
        report.expect(knows in get_args(Knows), f"knows() gave {knows!r:.40}", f"give one of {get_args(Knows)}")
        uses: Any = strategy.uses_train_blur()
        report.expect(isinstance(uses, bool), f"uses_train_blur() gave {uses!r:.40}", "give True or False")
        requires: Any = strategy.requires()
        report.expect(
            isinstance(requires, tuple) and all(isinstance(one, str) for one in requires),
            f"requires() gave {requires!r:.40}",
            "give a tuple of texts, such as ('labels', 'clean images')",
        )
        steps: Any = strategy.at_prediction()
        report.expect(
            isinstance(steps, tuple) and all(isinstance(one, Plugin) for one in steps),
            f"at_prediction() gave {steps!r:.40}",
            "give a tuple of the plugins that run for each image",
        )


def _setting(report: Report, registry: Registry, strategy: Strategy) -> Setting | None:
    """With the first classifier that the strategy does not decline."""
    reason: object = "no classifier"
    for classifier in _classifiers(registry):
        setting = Setting(SampleDigits(), SampleBlur(), classifier, strategy, SHAPE, CLASSES, BUDGET, 0)
        with report.trying("skip()"):
            reason = strategy.skip(setting)
            if reason is None:
                return setting
            report.expect(isinstance(reason, str), f"skip() gave {reason!r:.40}", "give the reason as a text, or None")
    report.left_out("fitting and predicting", reason)
    return None


def _classifiers(registry: Registry) -> Iterator[Classifier]:
    yield SampleClassifier()
    for name in registry.entries["classifiers"]:
        try:
            yield registry.resolve("classifiers", name)
        except UsageError:  # it has parameters without a default
            continue


class _Trial:
    """One setting, fitted and asked."""

    def __init__(self, report: Report, setting: Setting) -> None:
        self.report, self.setting, self.strategy = report, setting, setting.strategy
        self.train, self.validation, self.test = digit_sets(BUDGET)
        self.needed: dict[Any, Fitted] = {}
        self.blurring = Blurring(report, setting.train_blur, self.train, self.validation)

    def run(self) -> None:
        inputs = self.inputs(self.setting)
        states = {name: frozen_state(one.module) for name, one in inputs.items()}
        own = self.own(inputs)
        self.check_knowledge(inputs)
        predictor = self.predictor(own, inputs)
        logits = self.check_predicting(predictor)
        for name, one in inputs.items():
            self.report.expect(
                equal_states(states[name], frozen_state(one.module)),
                f"it changed the network of {name!r}, which other rows use, too",
                "work on copy.deepcopy(module)",
            )
        if logits is not None:
            self.check_again(inputs, logits)
            self.check_stored(own, inputs, logits)

    # --- fitting ---------------------------------------------------------------------------------------------------

    def inputs(self, setting: Setting) -> dict[str, Fitted]:
        needs: Any = setting.strategy.needs(setting)
        self.report.expect(isinstance(needs, Mapping), "needs() gave no mapping", "give {name: PredictorNeed(...)}")
        return {name: self.met(setting, need) for name, need in needs.items()}

    def met(self, setting: Setting, need: Any) -> Fitted:
        """What another strategy, a restorer or an estimator gives, fitted once."""
        if need not in self.needed:
            self.needed[need] = self.fit(setting, need)
        return self.needed[need]

    def fit(self, setting: Setting, need: Any) -> Fitted:
        quiet = Report("what it needs")
        train, validation = self.train, self.validation
        if (restorer := getattr(need, "restorer", None)) is not None:
            assert isinstance(restorer, Restorer), "a deconvolver is not fitted, so nobody needs it"
            return Fitted(*fit_restorer(quiet, restorer.fitted_as(), need.train_blur, train, validation))
        if (estimator := getattr(need, "estimator", None)) is not None:
            return Fitted(*fit_estimator(quiet, estimator.fitted_as(), train, validation))
        others = {name: getattr(need, name, None) for name in ("classifier", "train_blur", "dataset", "seed")}
        changed = {name: value for name, value in others.items() if value is not None}
        other = replace(setting, strategy=need.strategy, **changed)
        if reason := need.strategy.skip(other):
            raise Skip(reason)
        inputs = self.inputs(other)
        blurring = Blurring(quiet, other.train_blur, train, validation)
        job = FitJob(other, train, validation, blurring, inputs)
        own = Fitted(
            *fitted(quiet, lambda: need.strategy.build(other), lambda module: need.strategy.fit(module, job), ())
        )
        return replace(own, predictor=need.strategy.predictor(other, own, inputs))

    def own(self, inputs: Mapping[str, Fitted]) -> Fitted:
        job = FitJob(self.setting, self.train, self.validation, self.blurring, inputs)
        with SampleDigits.watched() as seen:
            module, notes = fitted(
                self.report,
                lambda: self.strategy.build(self.setting),
                lambda module: self.strategy.fit(module, job),
                (self.train, self.validation),
            )
        self.report.expect(
            not seen,
            "fit() reads the data set by itself, test images included",
            "fit to job.train and job.validation alone",
        )
        return Fitted(module, notes)

    def check_knowledge(self, inputs: Mapping[str, Fitted]) -> None:
        used, says = self.blurring.calls > 0, self.strategy.uses_train_blur()
        self.report.expect(
            says or not used,
            "fit() asks for the training blur, but uses_train_blur() is False",
            "let uses_train_blur() say True: one predictor would stand for all training blurs",
        )
        self.report.expect(
            self.strategy.knows() != "nothing" or not used,
            "fit() asks for the training blur, but knows() is 'nothing'",
            "let knows() say 'training blur': rows are compared by what they know",
        )
        through = any(getattr(need, "train_blur", None) for need in self.strategy.needs(self.setting).values())
        self.report.expect(
            used or not says or through or bool(inputs),
            "uses_train_blur() is True, but fit() never asks for the blur",
            "let uses_train_blur() say False, so that it is fitted once and not for each training blur",
        )

    # --- predicting ------------------------------------------------------------------------------------------------

    def predictor(self, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        predictor = self.strategy.predictor(self.setting, own, inputs)
        check_predictor("the strategy", predictor)
        return predictor

    def check_predicting(self, predictor: Predictor) -> Tensor | None:
        network: Any = predictor.logits_network()
        self.report.expect(
            network is None or isinstance(network, nn.Module),
            f"logits_network() gave {network!r:.40}",
            "give the module that makes the logits, or None",
        )
        return check_rows(
            self.report,
            "predicting",
            lambda rows: self.degraded(rows),
            lambda degraded: self.logits(predictor, degraded),
            12,
            inference=not predictor.gradients,
            apart=not predictor.adapts,
        )

    def degraded(self, rows: Tensor) -> Degraded:
        """Blurred test images. Only who says so is told the PSF."""
        some = ImageSet(self.test.images[rows], self.test.labels[rows], self.test.ids[rows])
        degraded = self.setting.train_blur.degrade_set(some, Draws(some.ids, 0, ("test",)))
        return degraded if self.strategy.knows() == "true PSF" else replace(degraded, psf=None)

    def logits(self, predictor: Predictor, degraded: Degraded) -> Tensor:
        predictor.start()
        output = predictor.predict(degraded)
        check_output("the predictor", output, degraded.images, CLASSES)
        return output.logits.detach()

    def check_again(self, inputs: Mapping[str, Fitted], logits: Tensor) -> None:
        again = self.asked(self.predictor(self.own(inputs), inputs))
        self.report.expect(
            torch.equal(again, logits),
            "fitted twice with the same seed, it predicts differently",
            "draw from generators seeded with job.setting.seed (blurbench.training.derived_seed)",
        )

    def check_stored(self, own: Fitted, inputs: Mapping[str, Fitted], logits: Tensor) -> None:
        """What is stored is the network's state and the notes; a run reads them back into a network built anew."""
        if own.module is None:
            return
        module = stored_and_loaded(own.module, lambda: self.strategy.build(self.setting))
        again = self.asked(self.predictor(Fitted(module, own.notes), inputs))
        self.report.expect(
            torch.equal(again, logits),
            "stored and loaded, it predicts differently",
            "keep what fit() learns in parameters and buffers of the module, or in the notes that it returns",
        )

    def asked(self, predictor: Predictor) -> Tensor:
        with nullcontext() if predictor.gradients else torch.inference_mode():
            return self.logits(predictor, self.degraded(torch.arange(12)))
