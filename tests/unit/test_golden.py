"""Golden requests: an endpoint gets traffic only if it answers as its version did in the evaluation."""

import pytest
from pydantic import ValidationError

from trimtab.domain.golden import Golden, Shown, compare

GOLDEN = Golden(columns=("a",), data=((1,), (2,), (3,)), predictions=(0.1, 0.2, 1000.0))


def test_the_same_answers_but_for_their_last_digits_will_do() -> None:
    assert compare(GOLDEN, [0.1000001, 0.2, 1000.0005]) == Shown(
        "3 of 3 golden rows answered as in the evaluation"
    )


@pytest.mark.parametrize("answer", [0.3, None, "0.2", [0.2], float("nan")])
def test_another_answer_is_named_beside_the_right_one(answer: object) -> None:
    shown = compare(GOLDEN, [0.1, answer, 1000.0])
    assert shown.problem == f"{answer!r} where the evaluation had 0.2"
    assert shown.sentence.startswith("2 of 3 golden rows answered as in the evaluation: ")


def test_every_golden_row_has_a_prediction() -> None:
    with pytest.raises(ValidationError, match="1 predictions of 2 rows"):
        Golden(columns=("a",), data=((1,), (2,)), predictions=(0.1,))
