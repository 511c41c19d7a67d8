"""What a plugin gives is checked where it is received: a row says which plugin gave what, and nobody else is harmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.running.tiny import differences, records, write_suite

pytestmark = pytest.mark.processes

RESULTS = "blurbench-results"
ONE = "(60, 1, 16, 16)"

BLURS = {
    "unruly[how=in-place]": "blur Unruly changed its images in place; work on a clone",
    "unruly[how=in-place-numpy]": "blur Unruly changed its images in place; work on a clone",
    "unruly[how=tensor]": f"blur Unruly gave a tensor of the shape {ONE}, wanted "
    "blurbench.contract.Degraded(images, psf or None)",
    "unruly[how=none]": "blur Unruly gave None, wanted blurbench.contract.Degraded(images, psf or None)",
    "unruly[how=bytes]": "blur Unruly gave values from 0 to 255; images are on the scale of 0..1",
    "unruly[how=numpy]": f"blur Unruly gave a value of the type ndarray, wanted images, a tensor of the shape {ONE}",
    "unruly[how=even]": "blur Unruly gave a DensePsf of 2x2; it must be k x k, k odd, as its centre pixel is offset 0 "
    "(blurbench.imaging.psf.from_kernel makes one of any kernel)",
    "unruly[how=bright]": "blur Unruly gave a PSF whose weights sum to 2.25; each must sum to 1",
    "unruly[how=listed]": "blur Unruly gave a list of 1 as PSF, wanted a GaussianPsf, TapsPsf, DiscPsf, DensePsf or "
    "SigmaMap of blurbench.contract",
    "unruly[how=noise]": "blur Unruly gave noise_std 'some', wanted a number on the 0..1 scale",
    "bad-psf[how=tensor]": "blur BadPsf gave a tensor of the shape (60, 3, 3) as PSF, wanted a GaussianPsf, TapsPsf, "
    "DiscPsf, DensePsf or SigmaMap of blurbench.contract",
    "bad-psf[how=even]": "blur BadPsf gave a DensePsf of 4x4; it must be k x k, k odd, as its centre pixel is offset 0 "
    "(blurbench.imaging.psf.from_kernel makes one of any kernel)",
    "bad-psf[how=dark]": "blur BadPsf gave a PSF whose weights sum to 0.5; each must sum to 1",
    "bad-psf[how=few]": "blur BadPsf gave the weights of a DensePsf of the shape (1, 3, 3), wanted (60, k, k)",
    "chain[steps=[unruly[how=tensor], none]]": f"blur Unruly gave a tensor of the shape {ONE}, wanted "
    "blurbench.contract.Degraded(images, psf or None)",
}

FITS = {
    "bad-fit[how=build]": "strategy BadFit with classifier Cnn3: build() gave a value of the type int, wanted a "
    "torch.nn.Module, or None without a network",
    "bad-fit[how=no-notes]": "strategy BadFit with classifier Cnn3: fit() gave None, wanted its notes: what "
    "fit_classifier returns, say, or {}",
    "bad-fit[how=odd-notes]": "strategy BadFit with classifier Cnn3: fit() noted images_seen = 'all of them', wanted "
    "a number",
    "bad-fit[how=no-predictor]": "strategy BadFit: predictor() gave None, wanted a Predictor of blurbench.contract",
    "bad-fit[how=tensor]": "predictor BadPredictor: predict() gave a tensor of the shape (60, 10), wanted "
    "blurbench.contract.Output(logits)",
    "bad-fit[how=observed]": "predictor BadPredictor: predict() gave observation 'share' of the shape (1,), wanted "
    "(60,)",
    "bad-fit[how=restored]": f"predictor BadPredictor, restoring, turned {ONE} into (1, 1, 16, 16)",
    "deblur-then-classify[restorer=bad-restorer[how=tuple], classifier=clean]": "restorer BadRestorer gave a tuple of "
    f"2, wanted images, a tensor of the shape {ONE}",
    "deblur-then-classify[restorer=bad-restorer[how=none], classifier=clean]": "restorer BadRestorer gave None, "
    f"wanted images, a tensor of the shape {ONE}",
    "deblur-then-classify[restorer=bad-restorer[how=shape], classifier=clean]": f"restorer BadRestorer turned {ONE} "
    "into (60, 1, 15, 16)",
    "deblur-then-classify[restorer=bad-restorer[how=build]]": "restorer BadRestorer: build() gave a value of the type "
    "str, wanted a torch.nn.Module, or None without a network",
    "deblur-then-classify[restorer=bad-restorer[how=fit]]": "restorer BadRestorer: fit() gave a list of 2, wanted its "
    "notes: what fit_classifier returns, say, or {}",
}


def test_a_blur_that_breaks_the_contract_is_named_and_its_neighbours_are_measured_as_ever(
    blurbench: Command, tmp_path: Path, trouble: Path
) -> None:
    suite = write_suite(tmp_path, strategies=("plain",), blurs=("none", *BLURS, "gaussian[sigma=2]"))
    only = [f"--test-blur={blur}" for blur in BLURS]
    result = blurbench("run", "--suite", str(suite), "-j", "0", *only, PYTHONPATH=str(trouble))
    assert result.returncode == 1
    spoilt = records(tmp_path / RESULTS)
    reasons = {one["axes"]["test_blur"]["label"]: one["reason"] for one in spoilt.values()}
    assert reasons == {"none": "", **BLURS}


def test_what_comes_after_a_blur_that_works_in_place_is_measured_as_without_it(
    blurbench: Command, tmp_path: Path, trouble: Path
) -> None:
    kept = {}
    for first in ("unruly[how=in-place]", "unruly[how=in-place-numpy]", "none"):
        suite = write_suite(
            tmp_path, strategies=("plain",), blurs=("none", first, "gaussian[sigma=2]")[first == "none" :]
        )
        out = f"after-{len(kept)}"
        blurbench("run", "--suite", str(suite), "-j", "0", "--out", out, PYTHONPATH=str(trouble))
        kept[first] = {key: one for key, one in records(tmp_path / out).items() if one["status"] == "ok"}
    assert [len(cells) for cells in kept.values()] == [2, 2, 2]
    assert not differences(kept["unruly[how=in-place]"], kept["none"])
    assert not differences(kept["unruly[how=in-place-numpy]"], kept["none"])


def test_a_training_blur_that_works_in_place_is_blamed_itself(
    blurbench: Command, tmp_path: Path, trouble: Path
) -> None:
    suite = write_suite(tmp_path, strategies=("retrain", "plain"), blurs=("none",))
    suite.write_text(suite.read_text().replace("gaussian[sigma=2]", "unruly[how=in-place]"))
    blurbench("run", "--suite", str(suite), "-j", "0", PYTHONPATH=str(trouble))
    found = {one["axes"]["strategy"]["label"]: one["reason"] for one in records(tmp_path / RESULTS).values()}
    assert found == {"plain": "", "retrain": "blur Unruly changed its images in place; work on a clone"}


def test_a_strategy_or_restorer_that_breaks_the_contract_is_named(
    blurbench: Command, tmp_path: Path, trouble: Path
) -> None:
    suite = write_suite(tmp_path, strategies=("plain", *FITS), blurs=("none",))
    assert blurbench("run", "--suite", str(suite), "-j", "0", PYTHONPATH=str(trouble)).returncode == 1
    found = {one["axes"]["strategy"]["label"]: one["reason"] for one in records(tmp_path / RESULTS).values()}
    needs = "it needs digits: "
    assert {label: reason.rpartition(" failed: ")[2] for label, reason in found.items()} == {"plain": "", **FITS}
    assert not any(reason.startswith(needs) for label, reason in found.items() if label.startswith("bad-fit"))


MEDDLING = {
    "dtype": "the default dtype",
    "device": "the default device",
    "threads": "the number of threads",
    "gradients": "gradient mode",
    "determinism": "deterministic mode",
    "mkldnn": "MKLDNN",
    "denormals": "flushing of denormal numbers",
    "folder": "the working directory",
    "products": "the precision of float32 products",
    "attention": "the kernels of attention",
    "autocast": "autocast",
    "hooks": "the hooks of all modules",
    "errors": "numpy's handling of floating-point errors",
    "warnings": "warnings that are errors",
    "recursion": "the depth of recursion",
    "rights": "the rights of new files",
}


def test_what_a_plugin_leaves_changed_for_the_whole_process_is_put_back_and_said(
    blurbench: Command, tmp_path: Path, trouble: Path
) -> None:
    meddling = [f"meddling[what={what}]" for what in MEDDLING]
    found = {}
    for strategies in (["plain", "retrain"], ["plain", *meddling, "retrain"]):
        suite = write_suite(tmp_path, strategies=tuple(strategies), blurs=("none",))
        out = f"of-{len(strategies)}"
        result = blurbench("run", "--suite", str(suite), "-j", "1", "--out", out, PYTHONPATH=str(trouble))
        kept = records(tmp_path / out)
        found[out] = {key: one for key, one in kept.items() if "meddling" not in one["axes"]["strategy"]["label"]}
    for what, told in MEDDLING.items():
        row = f"meddling[what={what}] (cnn3[widths=[4, 8, 8]])"
        assert f"{row}: its plugins changed {told} for this process; put back" in result.stderr
    assert {one["status"] for one in found["of-2"].values()} == {"ok"}
    assert not differences(found["of-2"], found[f"of-{len(MEDDLING) + 2}"])
