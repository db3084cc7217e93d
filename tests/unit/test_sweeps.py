"""What a sweep may search: ranges that make sense, in trials that SageMaker counts alike."""

from typing import Any

import pytest
from pydantic import ValidationError

from trimtab.domain.sweeps import Range, Sweep

OBJECTIVE = {"metric": "auc", "goal": "maximize"}
WORDS = {"type": "categorical", "values": ("a", "b", "c")}


def mistakes(model: type[Range] | type[Sweep], **fields: Any) -> list[tuple[tuple[Any, ...], str]]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(fields)
    (error,) = raised.value.errors()
    return list(error["ctx"]["mistakes"])


def sweep(**fields: Any) -> Sweep:
    return Sweep.model_validate({"objective": OBJECTIVE, "ranges": {"x": WORDS}, **fields})


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ({"type": "integer", "minimum": 2, "maximum": 64, "scaling": "logarithmic"}, ("2", "64")),
        ({"type": "continuous", "minimum": 1, "maximum": 20}, ("1.0", "20.0")),
        ({"type": "continuous", "minimum": 1e-6, "maximum": 0.1}, ("1e-06", "0.1")),
        (
            {
                "type": "continuous",
                "minimum": 0,
                "maximum": 0.999,
                "scaling": "reverse_logarithmic",
            },
            ("0.0", "0.999"),
        ),
        (WORDS, None),
    ],
)
def test_the_ends_of_a_range_are_whole_only_where_its_numbers_are(fields, ends):
    assert Range.model_validate(fields).ends == ends


def test_words_to_choose_from_are_told_as_sagemaker_takes_them():
    assert Range(type="categorical", values=(True, 3, 0.5, "x")).choices == (
        "true",
        "3",
        "0.5",
        "x",
    )


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"type": "integer"}, "minimum", "missing; a range of type integer needs it"),
        ({"type": "continuous", "minimum": 1}, "maximum", "missing"),
        ({"type": "integer", "minimum": 1, "maximum": 2.5}, "maximum", "expected a whole number"),
        (
            {"type": "integer", "minimum": 3, "maximum": 3},
            "maximum",
            "more than the minimum 3, got 3",
        ),
        (
            {"type": "continuous", "minimum": 0, "maximum": 1, "scaling": "logarithmic"},
            "scaling",
            "a minimum over 0, got 0",
        ),
        (
            {"type": "continuous", "minimum": 0, "maximum": 1, "scaling": "reverse_logarithmic"},
            "scaling",
            "from 0 to less than 1",
        ),
        (
            {"type": "integer", "minimum": 1, "maximum": 2, "values": ("a",)},
            "values",
            "minimum and maximum, and no values",
        ),
        ({**WORDS, "minimum": 1}, "minimum", "has values, and no ends"),
        ({**WORDS, "scaling": "linear"}, "scaling", "has values, and no ends"),
        ({"type": "categorical", "values": ("a",)}, "values", "expected 2 to 30 values"),
        ({"type": "categorical", "values": (1, "1")}, "values", "expected each value once"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_at_the_field(fields, place, said):
    told = mistakes(Range, **fields)
    assert any(where == (place,) and said in message for where, message in told), told


def test_a_sweep_has_no_more_trials_at_once_than_it_has():
    assert sweep(trials=2, parallel_trials=2).trials == 2
    ((where, said),) = mistakes(
        Sweep, objective=OBJECTIVE, ranges={"x": WORDS}, trials=2, parallel_trials=3
    )
    assert (where, said) == (("parallel_trials",), "expected at most the 2 trials there are, got 3")


def test_a_grid_tries_every_combination_of_words_once_and_to_its_end():
    assert sweep(strategy="grid", parallel_trials=3).strategy == "grid"
    number = {"type": "integer", "minimum": 1, "maximum": 9}
    told = mistakes(
        Sweep,
        objective=OBJECTIVE,
        ranges={"x": WORDS, "n": number},
        strategy="grid",
        trials=9,
        early_stopping=True,
    )
    assert [where for where, _ in told] == [
        ("ranges", "n", "type"),
        ("trials",),
        ("early_stopping",),
    ]
    many = {name: {"type": "categorical", "values": tuple(range(10))} for name in "abc"}
    ((_, said),) = mistakes(Sweep, objective=OBJECTIVE, ranges=many, strategy="grid")
    assert said == "the grid has 1000 trials, at most 750 are allowed"
    ((_, said),) = mistakes(
        Sweep, objective=OBJECTIVE, ranges={"x": WORDS}, strategy="grid", parallel_trials=4
    )
    assert said == "expected at most the 3 trials of the grid, got 4"


def test_ranges_with_ends_are_those_that_can_be_made_wider():
    number = {"type": "integer", "minimum": 1, "maximum": 9}
    assert list(sweep(ranges={"x": WORDS, "n": number}).numeric) == ["n"]
