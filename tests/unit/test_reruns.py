"""The plan of a run that runs another again: what is pinned, what differs, and how far a wider sweep reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_recording import recipe
from trimtab.domain.recording.reproduction import next_seed, seed_runs_of, with_seed_run
from trimtab.domain.recording.reruns import Wish, plan_of, wider
from trimtab.domain.tracking.runs import Run
from trimtab.errors import Irreproducible

HAS = {
    "DatasetVersion": None,
    "RequestId": None,
    "SourceUri": "s3://now/x",
    "ImageUri": "image:2",
    "Seed": "9",
    "Hyper-depth": "5",
}
SWEEP = {
    **HAS,
    "Min-depth": "2",
    "Max-depth": "10",
    "Min-rate": "-1",
    "Max-rate": "1",
    "Min-odd": 1,
}


def planned(wish: Wish, has=HAS, variant="train", searched=("depth", "rate"), **changed):
    chosen = searched if variant == "sweep" else ()
    return plan_of("o", recipe(**changed), wish, has, variant, chosen)


def test_a_rerun_pins_everything_that_the_recipe_says():
    plan = planned(Wish())
    assert plan.parameters == {
        "SourceUri": "s3://b/x", "ImageUri": "image:1", "Seed": "1", "Hyper-depth": "3",
    }  # fmt: skip
    assert (plan.dataset_version, plan.manifest_uri) == (1, "s3://b/m")
    assert (plan.purpose, plan.origin_run_id) == ("reproduce", "o")


def test_what_a_recipe_does_not_know_is_left_to_the_pipeline():
    unknown = {"source": None, "image": None, "seed": None, "hyperparameters": {}, "data": None}
    plan = planned(Wish(), parameters={}, **unknown)
    assert (plan.parameters, plan.dataset_version) == ({}, None)


@pytest.mark.parametrize(
    ("wish", "purpose"),
    [
        (Wish(full_data=True), "full_data"),
        (Wish(dataset=3), "full_data"),
        (Wish(full_data=True, changes={"depth": "4"}), "changed"),
        (Wish(full_data=True, wider_sweep=True), "wider_sweep"),
    ],
)
def test_a_wish_names_its_purpose_and_frees_the_data(wish, purpose):
    plan = planned(wish, SWEEP if wish.wider_sweep else HAS)
    assert (plan.purpose, plan.manifest_uri, plan.dataset_version) == (purpose, None, wish.dataset)


def test_a_wider_sweep_leaves_out_what_it_searches_itself():
    plan = planned(Wish(wider_sweep=True), SWEEP, "sweep", hyperparameters={"depth": "30"})
    assert "Hyper-depth" not in plan.parameters
    assert (plan.parameters["Min-depth"], plan.parameters["Max-depth"]) == ("1", "60")
    assert (plan.parameters["Min-rate"], plan.parameters["Max-rate"]) == ("-2", "2")
    assert "Min-odd" not in plan.parameters


def test_a_wider_sweep_leaves_out_the_words_that_it_chooses_from_too():
    words = {"hyperparameters": {"depth": "3", "booster": "tree"}}
    plan = planned(Wish(wider_sweep=True), SWEEP, "sweep", ("depth", "rate", "booster"), **words)
    assert not any("booster" in name for name in plan.parameters)
    with pytest.raises(Irreproducible, match="Hyper-booster"):
        planned(Wish(wider_sweep=True), SWEEP, "sweep", **words)


def test_a_recipes_value_that_is_no_number_widens_nothing():
    plan = planned(Wish(wider_sweep=True), SWEEP, "sweep", hyperparameters={"depth": "deep"})
    assert (plan.parameters["Min-depth"], plan.parameters["Max-depth"]) == ("1", "20")


def test_ranges_that_are_named_are_taken_as_they_are():
    wish = Wish(wider_sweep=True, space={"rate": (0.25, 0.75)})
    plan = planned(wish, {**SWEEP, "Min-rate": "0.1", "Max-rate": "1.0"}, "sweep")
    assert (plan.parameters["Min-rate"], plan.parameters["Max-rate"]) == ("0.25", "0.75")
    assert "Min-depth" not in plan.parameters


@pytest.mark.parametrize("name", ["width", "DatasetVersion"])
def test_a_parameter_that_cannot_be_set_is_refused(name):
    with pytest.raises(Irreproducible, match=name):
        planned(Wish(changes={name: "1"}))
    with pytest.raises(Irreproducible, match=name):
        planned(Wish(wider_sweep=True, space={name: (0, 1)}), SWEEP)


def test_a_pipeline_that_lacks_what_the_recipe_needs_is_named():
    with pytest.raises(Irreproducible, match="Hyper-depth, Seed"):
        planned(Wish(), {name: None for name in HAS if name not in ("Seed", "Hyper-depth")})


END = st.floats(-1e6, -1e-6) | st.just(0.0) | st.floats(1e-6, 1e6)  # halves of it are numbers too


@given(END, st.floats(0.001, 1e6), st.none() | END)
def test_a_wider_range_holds_the_old_one_and_the_recipes_value(least, width, around):
    low, high = wider(least, least + width, around)
    assert low <= least
    assert high >= least + width
    assert around is None or low <= around <= high
    assert low >= 0 or min(least, least if around is None else around) <= 0


def test_a_range_that_may_be_of_shares_stays_one_of_shares():
    assert wider(0.6, 1.0, 0.9) == (0.3, 1.0)
    assert wider(0.0, 0.5, None) == (0.0, 0.75)
    assert wider(0.6, 1.0, 1.5) == (0.3, 3.0)
    assert wider(0.0, 2.0, None) == (-1.0, 3.0)


def test_a_run_with_another_seed_counts_once():
    run = Run("r", "1", "n", "u", 0, "s3://b/a")
    twice = with_seed_run(with_seed_run(with_seed_run(run, "a"), "b"), "a")
    assert seed_runs_of(twice.tags) == ("a", "b")
    assert seed_runs_of({}) == ()


def test_seeds_that_are_no_numbers_differ_too():
    assert (next_seed("2013", 2), next_seed("-1", 1), next_seed("lucky", 1)) == (
        "2015",
        "0",
        "lucky-1",
    )
