"""model.yaml: what is right is read, what is wrong is named with file, line, field and what was expected."""

import shutil
from pathlib import Path

import pytest

from pipelines.spec import SpecError, load, load_all
from tests.pipelines.jobs import FLIGHT_DELAYS, ROOT

TEXT = (FLIGHT_DELAYS / "model.yaml").read_text()
RULE = "(minute_of_day(scheduled_at) - scheduled_minute) % 1440 in (240, 300)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of flight_delays that may be spoilt, in a repository of its own."""
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "pipelines" / "flight_delays"
    shutil.copytree(FLIGHT_DELAYS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def spoil(folder: Path, old: str, new: str) -> tuple[str, ...]:
    assert TEXT.count(old) == 1, f"{old!r} stands {TEXT.count(old)} times in model.yaml"
    (folder / "model.yaml").write_text(TEXT.replace(old, new))
    with pytest.raises(SpecError) as raised:
        load(folder / "model.yaml")
    return raised.value.lines


def line_of(text: str) -> int:
    return TEXT[: TEXT.index(text)].count("\n") + 1


def test_the_example_is_read_whole():
    models = load_all(ROOT / "pipelines")
    spec = models["flight-delays"].spec
    assert models["flight-delays"].folder == FLIGHT_DELAYS
    assert spec.data.target == "late"
    assert spec.features[0] == "carrier"
    assert "scheduled_at" not in spec.features
    assert spec.contract.columns["pressure"].nullable
    assert spec.training.framework_version == "1.9-0"


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        (
            "entry_point: train.py",
            "entrypoint: train.py",
            "training.entrypoint",
            "no such field; did you mean 'entry_point'?",
        ),
        (
            "framework: sklearn",
            "colour: red",
            "training.colour",
            "no such field; the fields here are entry_point, framework, framework_version,"
            " image, hyperparameters, metrics, sweep, instance_type, timeout_minutes, spot, seed,"
            " waive",
        ),
        ("seed: 2013", "seed: abc", "training.seed", "expected a whole number, got 'abc'"),
        ("seed: 2013", "seed: 1.5", "training.seed", "expected a whole number, got 1.5"),
        ("seed: 2013", 'seed: "1"', "training.seed", "expected a whole number, got '1'"),
        ("share: 0.2", "share: 2", "evaluation.share", "expected a number < 1.0, got 2"),
        ("share: 0.2", "share: 0", "evaluation.share", "expected a number > 0.0, got 0"),
        ("share: 0.2", "share:", "evaluation.share", "expected a number, got nothing"),
        (
            "metric: auc",
            "metric: auk",
            "evaluation.metric",
            "expected 'auc', 'accuracy', 'log_loss', 'rmse' or 'mae', got 'auk';"
            " did you mean 'auc'?",
        ),
        (
            "metric: auc",
            "metric: rmse",
            "evaluation.metric",
            "expected 'auc' or 'accuracy' or 'log_loss' for problem binary, got 'rmse'",
        ),
        (
            "problem: binary",
            "problem: multiclass",
            "problem",
            "expected 'binary' or 'regression', got 'multiclass'",
        ),
        (
            "floor: 0.55",
            "floor: 55",
            "evaluation.floor",
            "expected a number from 0 to 1, as auc is, got 55",
        ),
        (
            "framework_version: 1.9-0",
            "framework_version: 1.2-1",
            "training.framework_version",
            "expected '1.9-0', got '1.2-1'",
        ),
        (
            "seed: 2013",
            "instance_type: m5.large",
            "training.instance_type",
            "expected a machine of SageMaker, such as 'ml.m5.large', got 'm5.large'",
        ),
        ("seed: 2013", "seed: -1", "training.seed", "expected a number >= 0, got -1"),
        (
            "scheduled_at: {type: datetime}",
            "scheduled_at: {type: date}",
            "contract.columns.scheduled_at.type",
            "expected 'integer', 'number', 'string', 'boolean' or 'datetime', got 'date';"
            " did you mean 'datetime'?",
        ),
        (
            "{type: integer, minimum: 0, maximum: 6}",
            "{type: integer, minimum: 7, maximum: 6}",
            "contract.columns.weekday",
            "minimum 7.0 is over maximum 6.0",
        ),
        (
            "minimum: 0, maximum: 6}",
            "minimum: .nan, maximum: 6}",
            "contract.columns.weekday.minimum",
            "expected a finite number, got .nan",
        ),
        (
            "[EWR, JFK, LGA]",
            "[EWR, NO, LGA]",
            "contract.columns.origin.allowed[1]",
            "expected text (in quotes if it looks like a number, a date or yes/no), got False",
        ),
        (
            "target: late",
            "target: latte",
            "data.target",
            "'latte' is not a column of the contract; did you mean 'late'?",
        ),
        (
            "time_column: scheduled_at",
            "time_column: distance",
            "data.time_column",
            "expected a column of type datetime, 'distance' is integer",
        ),
        (
            "name: flight-delays",
            "name: flights",
            "name",
            "expected 'flight-delays' after its folder 'flight_delays', got 'flights'",
        ),
        (
            "name: flight-delays",
            "name: Flight_Delays",
            "name",
            "expected lower-case words of letters and digits joined by hyphens,"
            " got 'Flight_Delays'",
        ),
        (
            "entry_point: train.py",
            "entry_point: trian.py",
            "training.entry_point",
            "no file 'trian.py' in flight_delays/; did you mean 'train.py'?",
        ),
        (
            "    max-iter: 100",
            "    max-iter: 100\n    seed: 3",
            "training.hyperparameters.seed",
            "this name is set by the pipeline; choose another",
        ),
        (
            "    max-iter: 100",
            "    max iter: 100",
            "training.hyperparameters.max iter",
            "expected 1 to 50 letters, digits, hyphens or underscores as its name",
        ),
        (
            "owner: airline-operations@example.com",
            "owner: 2013-01-01",
            "owner",
            "expected text or a number, got a YAML timestamp: write it in quotes",
        ),
        (
            "missing_share: 0.3",
            "missing_share: 0.3\n  key: [carrrier]",
            "contract.key[0]",
            "'carrrier' is not a column of the contract; did you mean 'carrier'?",
        ),
        (
            "missing_share: 0.3",
            "missing_share: 0.3\n  times: {column: distance}",
            "contract.times.column",
            "expected a column of type datetime, 'distance' is integer",
        ),
        (
            RULE,
            "distnace > 0",
            "contract.rules[0].rule",
            "'distnace' is no column of the contract; did you mean 'distance'? (character 1)",
        ),
        (
            "missing_share: 0.3",
            "missing_share: 0.3\n  separator: colon",
            "contract.separator",
            "expected 'comma', 'semicolon', 'tab' or 'bar', got 'colon'; did you mean 'semicolon'?",
        ),
        (
            "serving: {kind: serverless, memory_mb: 2048, max_concurrency: 10}",
            "serving: {kind: realtime, memory_mb: 4096, instance_type: ml.m5.large}",
            "release.serving",
            "memory_mb is nothing that an endpoint of kind realtime has",
        ),
        (
            "serving: {kind: serverless, memory_mb: 2048, max_concurrency: 10}",
            "serving: {instances: 2}",
            "release.serving",
            "instances is nothing that an endpoint of kind serverless has",
        ),
        (
            "serving: {kind: serverless, memory_mb: 2048, max_concurrency: 10}",
            "serving: {kind: realtime}",
            "release.serving",
            "kind realtime needs an instance_type, such as ml.m5.large",
        ),
        (
            "serving: {kind: serverless, memory_mb: 2048, max_concurrency: 10}",
            "serving: {kind: realtime, instance_type: ml.m5.large, instances: 3, most_instances: 3}",
            "release.serving",
            "most_instances 3 is not above instances 3",
        ),
        (
            "serving: {kind: serverless, memory_mb: 2048, max_concurrency: 10}",
            "serving: {kind: realtime, instance_type: ml.t2.large, most_instances: 3}",
            "release.serving",
            "ml.t2.large is burstable, and such instances do not scale",
        ),
        (
            "memory_mb: 2048",
            "memory_mb: 2000",
            "release.serving.memory_mb",
            "expected 1024, 2048, 3072, 4096, 5120 or 6144, got 2000",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    folder: Path, old: str, new: str, field: str, message: str
):
    lines = spoil(folder, old, new)
    at = line_of(old) + (new.count("\n") if "\n" in new else 0)
    assert lines == (f"pipelines/flight_delays/model.yaml:{at}: {field}: {message}",)


@pytest.mark.parametrize(
    ("old", "new", "told_at", "said"),
    [
        (
            "scheduled_at: {type: datetime}",
            "scheduled_at: {type: datetime, nullable: true}",
            "time_column: scheduled_at",
            "data.time_column: 'scheduled_at' is nullable in the contract; a time_column must not be",
        ),
        (
            "late: {type: integer, minimum: 0, maximum: 1}",
            "late: {type: string}",
            "target: late",
            "data.target: expected a column of type integer, number or boolean for problem binary,"
            " 'late' is string",
        ),
    ],
)
def test_a_column_that_does_not_fit_its_role_is_told_where_the_role_is_given(
    folder: Path, old: str, new: str, told_at: str, said: str
):
    lines = spoil(folder, old, new)
    at = line_of(told_at)
    assert lines == (f"pipelines/flight_delays/model.yaml:{at}: {said}",)


def test_all_mistakes_of_a_contracts_rules_come_at_once(folder: Path):
    lines = spoil(folder, RULE, "late = 1\n    - rule: dest > 3")
    at, here = line_of(RULE), "pipelines/flight_delays/model.yaml"
    assert lines == (
        f"{here}:{at}: contract.rules[0].rule: '=' means nothing here; did you mean '=='? (character 6)",
        f"{here}:{at + 1}: contract.rules[1].rule: a text cannot be compared with a number (character 6)",
    )


def test_a_missing_field_is_named_on_the_line_of_its_parent(folder: Path):
    lines = spoil(folder, "  entry_point: train.py\n", "")
    at = line_of("training:")
    expected = (
        f"pipelines/flight_delays/model.yaml:{at}: training.entry_point: missing; expected text"
    )
    assert lines == (expected,)


def test_a_field_given_twice_is_named_with_both_lines(folder: Path):
    lines = spoil(folder, "  seed: 2013\n", "  seed: 2013\n  seed: 2014\n")
    first = line_of("seed: 2013")
    assert lines == (
        f"pipelines/flight_delays/model.yaml:{first + 1}: training.seed:"
        f" stands here twice, first on line {first}",
    )


def test_a_policy_of_retraining_that_could_not_be_kept_is_named_with_its_lines(folder: Path):
    policy = (
        "  schedule: cron(0 3 * * MON *)\n"
        "  time_zone: New York\n"
        '  quiet_hours: {start: 22:00, end: "6:00"}\n'
        "  budget: {days: 0}\n"
    )
    lines = spoil(
        folder, TEXT[TEXT.index("  schedule: ") : TEXT.index("  minimum_new_rows")], policy
    )
    first = line_of("  schedule: ")
    assert [line.partition("model.yaml:")[2] for line in lines] == [
        f"{first}: retraining.schedule: 'cron(0 3 * * MON *)': one of day of month and day of week must be ?",
        f"{first + 1}: retraining.time_zone: 'New York' is no time zone such as UTC or Europe/Berlin",
        f"{first + 2}: retraining.quiet_hours.start: expected text (in quotes if it looks like a number, a date"
        " or yes/no), got 1320",
        f'{first + 2}: retraining.quiet_hours.end: \'6:00\' is no time of day from "00:00" to "23:59"',
        f"{first + 3}: retraining.budget.days: expected a number >= 1, got 0",
    ]


def test_all_problems_come_at_once_in_the_order_of_lines(folder: Path):
    (folder / "model.yaml").write_text(
        TEXT.replace("problem: binary", "problem: binry")
        .replace("seed: 2013", "seed: x")
        .replace("cool", "col")
        .replace("minimum_new_rows", "minimal_new_rows")
    )
    (folder / "train.py").unlink()
    with pytest.raises(SpecError) as raised:
        load(folder / "model.yaml")
    fields = [line.split(": ")[1] for line in raised.value.lines]
    assert fields == ["problem", "training.seed", "retraining.minimal_new_rows"]


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("name: [unclosed\n", 2, "not valid YAML: while parsing a flow sequence"),
        ("name: a\n\tx: b\n", 2, "not valid YAML: while scanning for the next token"),
        ("", 1, "expected fields"),
        ("- a\n- b\n", 1, "expected fields"),
        ("a: &a [*a]\n", 1, "a[0]: refers to itself"),
        ("? [a, b]\n: c\n", 1, "a field's name must be plain text"),
        ("a: b\n---\nc: d\n", 2, "not valid YAML: expected a single document"),
    ],
)
def test_what_is_not_yaml_is_refused_with_a_line(folder: Path, text: str, where: int, message: str):
    (folder / "model.yaml").write_text(text)
    with pytest.raises(SpecError) as raised:
        load(folder / "model.yaml")
    assert raised.value.lines[0].startswith(
        f"pipelines/flight_delays/model.yaml:{where}: {message}"
    )


def test_a_file_that_is_not_there_or_not_text_is_refused(folder: Path):
    with pytest.raises(SpecError, match=r"other\.yaml:1: cannot be read: No such file"):
        load(folder / "other.yaml")
    (folder / "model.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"model\.yaml:1: not valid YAML: "):
        load(folder / "model.yaml")


def test_the_serving_script_has_to_be_there(folder: Path):
    (folder / "inference.py").unlink()
    with pytest.raises(SpecError, match=r"training: no file 'inference\.py' in flight_delays/"):
        load(folder / "model.yaml")


def test_problems_of_several_models_are_told_together(folder: Path):
    shutil.copytree(folder, folder.parent / "other")
    (folder / "model.yaml").write_text(TEXT.replace("seed: 2013", "seed: x"))
    with pytest.raises(SpecError) as raised:
        load_all(folder.parent)
    assert [line.split(":")[0] for line in raised.value.lines] == [
        "pipelines/flight_delays/model.yaml",
        "pipelines/other/model.yaml",
    ]
    assert raised.value.problems[0]["field"] == "training.seed"


def test_a_folder_with_serving_code_needs_its_model_yaml(folder: Path):
    (folder / "model.yaml").rename(folder / "model.yml")
    with pytest.raises(SpecError) as error:
        load_all(folder.parent)
    told = "pipelines/flight_delays/model.yaml:1: cannot be read: No such file or directory"
    assert error.value.lines == (told,)


SWEEP = """\
  metrics:
    auc: "validation auc ([0-9.]+)"
  sweep:
    objective: {metric: auc, goal: maximize}
    trials: 12
    ranges:
      max-iter: {type: integer, minimum: 50, maximum: 400, scaling: logarithmic}
      learning-rate: {type: continuous, minimum: 0.01, maximum: 0.3}
"""
HYPERPARAMETERS = "  hyperparameters:\n"


def test_a_sweep_is_read(folder: Path):
    (folder / "model.yaml").write_text(TEXT.replace(HYPERPARAMETERS, SWEEP + HYPERPARAMETERS))
    training = load(folder / "model.yaml").training
    assert training.metrics == {"auc": "validation auc ([0-9.]+)"}
    assert training.sweep is not None
    assert training.sweep.ranges["max-iter"].ends == ("50", "400")


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        (
            "metric: auc, goal",
            "metric: acu, goal",
            "training.sweep.objective.metric",
            "'acu' is none of training.metrics; did you mean 'auc'?",
        ),
        (
            "goal: maximize",
            "goal: max",
            "training.sweep.objective.goal",
            "expected 'maximize' or 'minimize', got 'max'",
        ),
        ("([0-9.]+)", "[0-9.]+", "training.metrics.auc", "expected a group around the value"),
        ("([0-9.]+)", "([0-9.+", "training.metrics.auc", "not a regular expression: "),
        ('auc: "val', 'a c: "val', "training.metrics.a c", "expected letters, digits and any of"),
        (
            "max-iter: {",
            "max-itre: {",
            "training.sweep.ranges.max-itre",
            "no such hyperparameter; did you mean 'max-iter'?",
        ),
        (
            "scaling: log",
            "scalling: log",
            "training.sweep.ranges.max-iter.scalling",
            "no such field; did you mean 'scaling'?",
        ),
        (
            "maximum: 400",
            "maximum: 40.5",
            "training.sweep.ranges.max-iter.maximum",
            "expected a whole number, got 40.5",
        ),
        (
            "minimum: 0.01",
            "minimum: 1",
            "training.sweep.ranges.learning-rate.maximum",
            "expected more than the minimum 1, got 0.3",
        ),
        ("trials: 12", "trials: 0", "training.sweep.trials", "expected a number >= 1, got 0"),
        (
            "trials: 12",
            "parallel_trials: 10\n    trials: 3",
            "training.sweep.parallel_trials",
            "expected at most the 3 trials there are, got 10",
        ),
        (
            "type: continuous, minimum: 0.01, maximum: 0.3",
            "type: categorical, values: [0.1]",
            "training.sweep.ranges.learning-rate.values",
            "expected 2 to 30 values to choose from, got 1",
        ),
    ],
)
def test_a_mistake_in_a_sweep_is_named_with_its_line(
    folder: Path, old: str, new: str, field: str, message: str
):
    assert SWEEP.count(old) == 1
    spoilt = TEXT.replace(HYPERPARAMETERS, SWEEP.replace(old, new) + HYPERPARAMETERS)
    (folder / "model.yaml").write_text(spoilt)
    with pytest.raises(SpecError) as raised:
        load(folder / "model.yaml")
    wrong = raised.value.problems[0]
    assert wrong["field"] == field
    assert message in wrong["message"]
    word = field.rpartition(".")[2]
    assert word + ":" in spoilt.splitlines()[wrong["line"] - 1]


OWN = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ours/trainer:1.4"


def test_a_model_runs_in_xgboosts_container_or_in_an_image_of_ones_own(folder: Path):
    framework = "  framework: sklearn\n  framework_version: 1.9-0\n"
    for said in ("  framework: xgboost\n", "  framework: xgboost\n  framework_version: 3.2-0\n"):
        (folder / "model.yaml").write_text(TEXT.replace(framework, said))
        assert load(folder / "model.yaml").training.framework == "xgboost"
    (folder / "model.yaml").write_text(TEXT.replace(framework, f"  image: {OWN}\n"))
    assert load(folder / "model.yaml").training.image == OWN


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "framework: sklearn",
            "framework: xgboost",
            "training.framework_version: expected '3.2-0', got '1.9-0'",
        ),
        (
            "  framework_version: 1.9-0",
            f"  image: {OWN}",
            "training.framework: the image is one's own: say image or framework, not both",
        ),
        (
            "  framework_version: 1.9-0",
            "  image: docker.io/library/python:3",
            "training.image: expected an image in Amazon ECR with its tag or digest",
        ),
        (
            "  framework_version: 1.9-0",
            f"  image: {OWN.removesuffix(':1.4')}",
            "training.image: expected an image in Amazon ECR with its tag or digest",
        ),
    ],
)
def test_an_image_that_makes_no_sense_is_refused(folder: Path, old: str, new: str, said: str):
    (line,) = spoil(folder, old, new)
    assert said in line
