"""Which columns and flags a model's code names, as its source tells."""

import pytest

from pipelines.steps.code_columns import columns_of
from pipelines.steps.code_flags import flags_of
from tests.pipelines.jobs import FLIGHT_DELAYS

READ = 'rows = pd.read_csv(options.train / "train.csv")\n'
KNOWN = {"carrier", "distance", "late"}


def unknown(source: str, *, serves: bool = False) -> list[str]:
    return [each.column for each in columns_of(source, serves=serves).unknown(KNOWN)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = rows["distanse"]', ["distanse"]),
        ('x = rows[["carrier", "distanse", "gate"]]', ["distanse", "gate"]),
        ('FEATURES = ["carrier", "gate"]\nx = rows[FEATURES]', ["gate"]),
        ('x = rows.drop(columns=["late", "id"])', ["id"]),
        ('x = rows.drop(columns="id")', ["id"]),
        ('x = rows.sort_values("when")', ["when"]),
        ('x = rows.dropna(subset=["gate"])', ["gate"]),
        ('y = rows.pop("lates")', ["lates"]),
        ('x = rows.groupby("gate")', ["gate"]),
        ('part = rows[rows["late"] == 1].copy()\nx = part["gate"]', ["gate"]),
        ('x = rows.rename(columns={"gate": "door"})["door"]', ["gate"]),
        ('if True:\n    x = rows["gate"]', ["gate"]),
        ('try:\n    pass\nexcept OSError:\n    x = rows["gate"]', ["gate"]),
        ('x = [rows["gate"] for _ in range(2)]', ["gate"]),
    ],
)
def test_a_column_that_the_contract_has_not_is_found(source: str, found: list[str]):
    assert unknown(READ + source) == found


@pytest.mark.parametrize(
    "source",
    [
        'x = rows["distance"]',
        'rows["speed"] = 1\nx = rows["speed"]',
        'x = rows.assign(speed=1)["speed"]',
        'rows.insert(0, "speed", 1)\nx = rows[["speed"]]',
        'x = rows.drop("gate")',
        "x = rows[name]",
        'names = ["gate"]\nnames = other\nx = rows[names]',
        'def f(names=["gate"]):\n    return rows[names]',
        'airports = pd.read_csv(HERE / "airports.csv")\nx = airports["lat"]',
        'rows = rows.merge(airports)\nx = rows["lat"]',
        'rows, more = split(rows)\nx = rows["lat"]',
        'spec = json.loads(text)\nx = spec["data"]["target"]',
        'x = model.named_steps["columns"]',
        'for rows in files:\n    pass\nclass A:\n    x = settings["gate"]',
    ],
)
def test_what_is_made_or_cannot_be_followed_is_left_alone(source: str):
    assert unknown(READ + source) == []


def test_a_table_is_followed_into_functions_of_the_same_file():
    source = (
        "def main():\n"
        f"    {READ}"
        "    fit(clean(rows), folder=1)\n"
        "def clean(table):\n"
        '    return table.dropna(subset=["gate"])\n'
        "def fit(table, folder):\n"
        '    return inner(frame=table[["carrier"]], name=folder["name"])\n'
        "def inner(frame, name):\n"
        '    return frame["door"]\n'
    )
    named = {each.column: each.line for each in columns_of(source, serves=False).unknown(KNOWN)}
    assert named == {"gate": 5}


def test_a_table_that_is_handed_over_directly_is_followed_through_two_functions():
    source = (
        f"def main():\n    {READ}    first(rows)\n"
        "def first(table):\n    second(frame=table)\n"
        'def second(frame):\n    return frame["door"]\n'
    )
    assert unknown(source) == ["door"]


def test_only_columns_that_are_read_in_are_asked_of_the_contract():
    source = 'x = pd.read_csv(os.environ["SM_CHANNEL_TRAIN"], usecols=["late", "gate"])'
    assert unknown(source) == ["gate"]
    assert unknown('x = pd.read_csv("towns.csv", usecols=["gate"])\ny = pd.read_csv()') == []


def test_serving_code_is_followed_from_the_rows_of_a_request():
    source = 'def predict_fn(rows, model):\n    return rows["when"]\n'
    assert unknown(source, serves=True) == ["when"]
    assert unknown("def predict_fn():\n    pass\n", serves=True) == []
    assert unknown("def input_fn(body, kind):\n    return body['when']\n", serves=True) == []


def test_the_example_names_nothing_wrong():
    for name, serves in (("train.py", False), ("inference.py", True)):
        source = (FLIGHT_DELAYS / name).read_text()
        assert columns_of(source, serves=serves).unknown(set()) == []


@pytest.mark.parametrize(
    ("source", "flags"),
    [
        (
            'p.add_argument("--depth", "-d", type=int)\np.add_argument("--seed")',
            {"depth", "d", "seed"},
        ),
        ("p.add_argument(name)", None),
        ('p.add_argument("--depth")\np.add_argument(*more)', None),
        ("depth = os.environ['SM_HP_DEPTH']", None),
    ],
)
def test_flags_are_those_that_the_script_declares(source: str, flags: set[str] | None):
    assert flags_of(source) == flags


def test_the_example_declares_the_flags_it_is_given():
    assert {"max-iter", "seed", "min-samples-leaf"} <= (
        flags_of((FLIGHT_DELAYS / "train.py").read_text()) or set()
    )
