import pytest


def first(n: int, of: int = 100) -> str:
    return "1" * n + "0" * (of - n)


def of(board):
    return board.standings()


def curves(board):
    (ladder,) = of(board).sweeps
    return {curve.strategy: curve for curve in ladder.curves}


def test_blurs_that_differ_in_one_length_make_a_ladder_mildest_first(ladder):
    (found,) = of(ladder).sweeps
    assert (found.blur, found.parameter, found.unit, found.image_side) == ("gaussian", "sigma", "pixels", 20)
    assert found.steps == ("gaussian-1", "gaussian-2", "gaussian-4")
    assert found.values == (1.0, 2.0, 4.0)


def test_the_baseline_leads_and_oracles_close_the_curves(ladder):
    assert list(curves(ladder)) == ["plain", "retrain", "wiener"]


def test_a_curve_knows_where_it_was_fitted(ladder):
    assert {name: curve.fitted_at for name, curve in curves(ladder).items()} == {
        "plain": None,
        "retrain": 2.0,
        "wiener": None,
    }


def test_area_and_half_accuracy_follow_from_the_points(ladder):
    plain = curves(ladder)["plain"]
    assert [(point.value, round(point.top1.estimate, 2)) for point in plain.points] == [(1, 0.8), (2, 0.5), (4, 0.2)]
    assert plain.area == pytest.approx((0.85 + 0.65 + 2 * 0.35) / 4)
    assert plain.half.value == pytest.approx(2 + 2 * (0.5 - 0.45) / 0.3)
    assert plain.half.of_side == pytest.approx(plain.half.value / 20)
    assert plain.half.reached


def test_half_accuracy_that_is_not_reached_says_so(ladder):
    half = curves(ladder)["retrain"].half
    assert (half.value, half.reached) == (4.0, False)


def test_a_step_that_was_not_measured_leaves_no_area(ladder):
    ladder.cell("gaussian-1", "late", hits=first(70))
    ladder.cell("gaussian-2", "late", hits=first(60))
    late = curves(ladder)["late"]
    assert [point.test_blur for point in late.points] == ["gaussian-1", "gaussian-2"]
    assert (late.clean, late.area, late.half) == (None, None, None)
    ladder.cell("none", "late", hits=first(80))
    late = curves(ladder)["late"]
    assert (late.clean, late.area, late.half) == (0.8, None, None)


def test_a_length_inside_a_chain_makes_a_ladder_too(board):
    for sigma in (1, 2):
        label = f"sensor-{sigma}"
        steps = [{"name": "gaussian", "sigma": float(sigma)}, {"name": "gaussian-noise", "std": 2.0}]
        board.specs[label] = {"name": "chain", "steps": steps}
        board.units[label] = {"steps.0.sigma": "pixels", "steps.1.std": "of 255"}
        board.cell(label, "plain", hits=first(50))
    (found,) = of(board).sweeps
    assert (found.blur, found.parameter) == ("gaussian + gaussian-noise", "steps.0.sigma")


def test_noise_makes_a_ladder_without_a_share_of_the_side(board):
    for std in (2, 4):
        board.specs[f"noise-{std}"] = {"name": "gaussian-noise", "std": float(std)}
        board.units[f"noise-{std}"] = {"std": "of 255"}
        board.cell(f"noise-{std}", "plain", hits=first(50))
    board.cell("none", "plain", hits=first(90))
    (found,) = of(board).sweeps
    assert found.unit == "of 255"
    assert found.curves[0].half.of_side is None


@pytest.mark.parametrize(
    ("one", "other", "unit"),
    [
        ({"name": "motion", "angle": 10.0}, {"name": "motion", "angle": 20.0}, "degrees"),
        ({"name": "gaussian", "sigma": 1.0}, {"name": "defocus", "sigma": 2.0}, "pixels"),
        ({"name": "gaussian", "sigma": 1.0, "size": 3}, {"name": "gaussian", "sigma": 2.0, "size": 5}, "pixels"),
        ({"name": "gaussian", "sigma": {"low": 1.0, "high": 2.0}}, {"name": "gaussian", "sigma": 2.0}, "pixels"),
        ({"name": "gaussian", "sigma": 1.0}, {"name": "gaussian", "sigma": 2.0}, ""),
    ],
)
def test_what_is_no_severity_makes_no_ladder(board, one, other, unit):
    for label, spec in (("one", one), ("other", other)):
        board.specs[label] = spec
        board.units[label] = {"sigma": unit, "angle": unit} if unit else {}
        board.cell(label, "plain", hits=first(50))
    assert of(board).sweeps == ()


def test_ladders_of_one_name_say_what_sets_them_apart(board):
    for angle in (0.0, 90.0):
        for length in (3.0, 5.0):
            label = f"motion-{length}-{angle}"
            board.specs[label] = {"name": "linear-motion", "length": length, "angle": angle}
            board.units[label] = {"length": "pixels", "angle": "degrees"}
            board.cell(label, "plain", hits=first(50))
    assert [ladder.blur for ladder in of(board).sweeps] == ["linear-motion[angle=0.0]", "linear-motion[angle=90.0]"]
