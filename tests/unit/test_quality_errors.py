"""How far off predicted numbers are expected to be: by counts, beside NannyML, and blind where the world moves."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.drift_rows import rows
from trimtab.domain.profile import Profile
from trimtab.domain.quality import metrics
from trimtab.domain.quality.errors import ErrorModel, error_model, estimate_errors
from trimtab.domain.quality.measured import Estimate
from trimtab.domain.quality.reference import reference_of

ROWS = 20_000
Table = dict[str, np.ndarray]


def world(
    seed: int, *, mean: float = 0.0, rare: float = 0.1, noise: float = 1.0
) -> tuple[Table, np.ndarray]:
    """Rows, and how far off a prediction of 2x is: the more the further x is from 0, and twice so for the rare kind."""
    chance = np.random.default_rng(seed)
    x = chance.normal(mean, 1, ROWS)
    kind = chance.choice(np.array(["a", "b", "c"], dtype=object), ROWS, p=[0.9 - rare, 0.1, rare])
    spread = (0.5 + 0.5 * np.abs(x)) * np.where(kind == "c", 2.0, 1.0)
    return {"x": x, "kind": kind, "prediction": 2 * x}, -spread * chance.normal(0, 1, ROWS) * noise


def counted(table: Table) -> Profile:
    return rows({name: column.tolist() for name, column in table.items()})


EVALUATED, ERRORS = world(1)
MODEL = error_model(EVALUATED, ERRORS)
USUAL = metrics.measured("regression", np.zeros(ROWS), ERRORS, 1.0)


def told(table: Table) -> Estimate:
    assert MODEL is not None
    return estimate_errors(MODEL, counted(table), USUAL, [])


@pytest.mark.parametrize(
    ("kind", "of_mae", "of_rmse"),
    [
        ({}, 0.7837434181435002, 1.0720962170623938),
        ({"mean": 1.0}, 0.9382195267068759, 1.2874569624491816),
        ({"rare": 0.5}, 1.0518226791300769, 1.4564309946914802),
        ({"mean": -1.5, "rare": 0.3}, 1.3005789720877639, 1.8013771668072913),
    ],
)
def test_the_estimates_are_near_nannymls_and_the_bands_hold_the_truth(
    kind: dict[str, float], of_mae: float, of_rmse: float
) -> None:
    """NannyML 0.13.1's DLE of the same rows, whose trees also see what columns tell together: within 2 and 4 %."""
    table, errors = world(2, **kind)
    found = told(table).metrics
    assert found["mae"].value == pytest.approx(of_mae, rel=0.02)
    assert found["rmse"].value == pytest.approx(of_rmse, rel=0.04)
    real = {"mae": np.abs(errors).mean(), "rmse": (errors**2).mean() ** 0.5}
    for name, value in real.items():
        assert found[name].low <= value <= found[name].high
    usual = {name: one.value for name, one in USUAL.items()}
    if kind:
        assert found["mae"].value > usual["mae"] * 1.1


def test_the_estimate_is_blind_where_such_rows_are_predicted_worse_than_they_were() -> None:
    table, errors = world(3, noise=2.0)
    found = told(table).metrics["mae"]
    assert found.value == pytest.approx(USUAL["mae"].value, rel=0.03)
    assert np.abs(errors).mean() > found.high * 1.5


few = st.lists(
    st.tuples(
        st.sampled_from([-3.0, -0.5, 0.0, 0.5, 9.0, float("nan")]),
        st.sampled_from(["a", "c", "new", None]),
    ),
    min_size=1,
    max_size=12,
)


@given(few, st.randoms(use_true_random=False))
def test_the_estimate_is_the_mean_of_what_each_row_adds_whatever_the_order_and_the_parts(
    drawn: list[tuple[float, str | None]], chance: object
) -> None:
    def table(some: list[tuple[float, str | None]]) -> Profile:
        x, kind = zip(*some, strict=True)
        return rows({"x": x, "kind": ["a"] * len(x) if not any(kind) else kind, "prediction": x})

    def alone(model: ErrorModel) -> float:
        found = [model.expected(table([one])) for one in drawn if one[1]]
        return float(np.mean([one["mae"][0] for one in found if not isinstance(one, str)]))

    assert MODEL is not None
    named = [one for one in drawn if one[1]]
    if not named:
        return
    whole = MODEL.expected(table(named))
    assert not isinstance(whole, str)
    assert whole["mae"][0] == pytest.approx(alone(MODEL), rel=1e-9)
    chance.shuffle(named)  # type: ignore[attr-defined]
    parts = [table([one]) for one in named]
    assert MODEL.expected(reduce(Profile.merge, parts)) == whole


def test_gaps_are_a_bin_of_their_own() -> None:
    chance = np.random.default_rng(5)
    x = chance.normal(0, 1, ROWS)
    x[::4] = np.nan
    errors = chance.normal(0, 1, ROWS) * np.where(np.isnan(x), 3.0, 1.0)
    model = error_model({"x": x, "texts": np.array([None] * ROWS, dtype=object)}, errors)
    assert model is not None
    full = model.expected(rows({"x": [0.0] * 50, "texts": [None] * 49 + ["a"]}))
    gaps = model.expected(rows({"x": [float("nan")] * 50, "texts": [None] * 49 + ["a"]}))
    assert not isinstance(full, str)
    assert not isinstance(gaps, str)
    assert full["mae"][0] == pytest.approx(0.798, rel=0.1)
    assert gaps["mae"][0] == pytest.approx(3 * 0.798, rel=0.1)


def test_columns_that_tell_rows_apart_are_left_out_and_one_that_is_all_gaps_says_nothing() -> None:
    ids = np.array([f"id-{n}" for n in range(300)], dtype=object)
    model = error_model({"id": ids, "gap": np.full(300, np.nan)}, np.ones(300))
    assert model is not None
    assert list(model.columns) == ["gap"]
    found = model.expected(rows({"gap": [float("nan")] * 3, "id": ["x"] * 3}))
    assert found == {"mae": (1.0, 0.0), "rmse": (1.0, 0.0)}
    bare = error_model({}, np.array([1.0, -1.0]))
    assert bare is not None
    assert bare.expected(Profile(columns={})) == {"mae": (1.0, 0.0), "rmse": (1.0, 0.0)}
    assert error_model({}, np.zeros(0)) is None


def test_what_cannot_be_estimated_says_why() -> None:
    assert MODEL is not None
    table, _ = world(4)
    nothing = estimate_errors(MODEL, Profile(columns={}), USUAL, [])
    assert nothing.reason == "there was no prediction"
    strange = estimate_errors(MODEL, counted(table), USUAL, [("x", 0.3)])
    assert strange.reason == "not estimated: 30% of x is outside of what the evaluation saw"
    del table["kind"]
    other = estimate_errors(MODEL, counted(table), USUAL, [])
    assert (other.metrics, other.reason) == (
        {},
        "not estimated: kind was not counted as the evaluation was",
    )
    assert told(world(4)[0]).reason.startswith("estimated without labels; assumes that such rows")


def test_a_reference_keeps_the_model_and_reads_it_again() -> None:
    reference = reference_of(
        "regression", np.zeros(ROWS), ERRORS, np.arange(ROWS) % 30, errors=MODEL
    )
    again = type(reference).model_validate_json(reference.model_dump_json())
    assert again.errors == MODEL
    assert len(reference.model_dump_json()) < 20_000
