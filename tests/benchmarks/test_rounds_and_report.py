"""Taking turns, and what a report says of it."""

from __future__ import annotations

import time
from dataclasses import replace

import torch

from benchmarks.timing.aims import AIMS
from benchmarks.timing.machine import Bystanders, limits
from benchmarks.timing.markdown import render
from benchmarks.timing.results import OURS, PLAIN, Group, Limits, Report, Row, row_of
from benchmarks.timing.rounds import Patience, take_turns

CPU = torch.device("cpu")


def group(family: str = "gaussian, sampled sigma", size: str = "M", ours: float = 1e-3, peer: float = 3e-3) -> Group:
    rows = (
        Row(OURS, ours, 0.0, 3, 1e-7),
        Row(PLAIN, 4 * ours, 0.0, 3, 1e-7),
        Row("kornia filter2d", peer, 0.0, 3, 1e-7),
        Row("deepinv conv2d_fft, circular", ours / 10, 0.0, 3, 0.2, "another border: it wraps around"),
    )
    return Group("blur", family, size, 256, rows, bytes=10**6)


def report(*groups: Group) -> Report:
    machine = {"processor": "a processor", "device": "cpu"}
    return Report("blurbench time", "2026-01-01", machine, {"torch": "2"}, Limits(1e11, 1e10), list(groups))


def test_contenders_take_turns_and_the_hopeless_one_is_not_asked_again() -> None:
    order: list[str] = []
    calls = [lambda: order.append("a"), lambda: order.append("b"), lambda: order.append("slow")]
    spent = take_turns(calls, CPU, Patience(0.0, least=4), first=[0.001, 0.002, 5.0])
    assert order == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert [len(seconds) for seconds in spent] == [4, 4, 1]
    assert spent[2] == [5.0]


def test_a_first_call_warms_up_and_does_not_count() -> None:
    calls = 0

    def slow_at_first() -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.05 if calls == 1 else 0)

    (seconds,) = take_turns([slow_at_first], CPU, Patience(0.0, least=3))
    assert calls == 4
    assert max(seconds) < 0.05


def test_a_row_has_the_median_and_the_interquartile_range() -> None:
    row = row_of("x", [4.0, 1.0, 2.0, 3.0, 100.0])
    assert (row.seconds, row.rounds) == (3.0, 5)
    assert row.iqr == 50.5  # by the method of `statistics.quantiles`: from 1.5 to 52


def test_the_best_peer_is_the_fastest_whose_result_agrees() -> None:
    one = group()
    assert one.best is not None
    assert one.best.name == "kornia filter2d"
    assert one.ratio == 3.0


def test_a_loss_is_printed_like_a_win() -> None:
    text = render(report(group(), group(size="C", ours=6e-3)))
    assert "3.00x kornia" in text
    assert "0.50x kornia" in text


def test_an_aim_that_is_missed_says_by_how_much_and_what_bounds_it() -> None:
    text = AIMS[0].measured(report(group(), group(size="HD", ours=1e-3, peer=1e-3)))
    assert text == "M 3.00x; HD 1.00x (**missed** by 75% of 4; at 10% of the copy rate)"


def test_every_aim_has_its_row_and_says_when_nothing_was_measured() -> None:
    text = render(report())
    for aim in AIMS:
        assert aim.what in text
    assert text.count("not measured in this run") == len(AIMS)


def test_a_step_of_the_unet_is_judged_against_torchs_own_layers() -> None:
    rows = (Row(OURS, 1.0, 0.0, 3, 0.0), Row("torch layers", 4.0, 0.0, 3, 1e-4))
    step = Group("restorers", "unet training step", "64x1x28x28", 64, rows, operations=10**11)
    judged = {aim.aim: aim.measured(report(step)) for aim in AIMS}
    assert judged["3x torch's own layers"] == "batch 64 4.00x"
    assert judged["6x"].startswith("batch 64 4.00x (**missed** by 33% of 6; 100% of the matrix rate")


def test_a_busy_machine_is_said_first() -> None:
    busy = replace(report(group()), busy=["other processes kept 1.5 cores busy at the start"])
    assert "do not trust these figures" in render(busy)
    assert "do not trust" not in render(report(group()))


def test_the_limits_of_the_machine_are_measured() -> None:
    found = limits(CPU)
    assert 1e8 < found.matrix_product < 1e15
    assert 1e7 < found.copy < 1e14
    assert found.matrix_product_bf16 is None


def test_our_own_work_does_not_count_as_others() -> None:
    watch = Bystanders()
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        pass
    busy = watch.cores()
    # Everybody's load less our own: on a quiet machine near 0, never negative, never more than there is.
    assert busy is None or busy >= 0
