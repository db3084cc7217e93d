"""A contract proposed from the flights of 2013 lets their months in, and keeps out what a person would call broken."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipelines.flight_delays import data
from tests.flight_mutations import MUTATIONS, csv
from trimtab.cli.contract_yaml import contract_yaml
from trimtab.data.examine import examine
from trimtab.data.survey import survey
from trimtab.domain.anomalies import AnomalyCode
from trimtab.domain.contract import Contract
from trimtab.domain.examination import Examination
from trimtab.domain.model import Data, ModelSpec, Training
from trimtab.domain.proposal import Proposal, propose
from trimtab.domain.since_last import Last

NOW = datetime(2014, 1, 1, tzinfo=UTC)
ODD = {2: AnomalyCode.time_gap}
"""Genuine and yet really odd: from 8 to 9 February 2013 a blizzard closed New York's airports for 16 hours."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("flights")
    for month in range(1, 13):
        data.write_month(month, folder / f"{month:02}.csv")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def proposal(files: list[Path]) -> Proposal:
    return propose(survey(files))


@pytest.fixture(scope="module")
def spec(proposal: Proposal) -> ModelSpec:
    told = yaml.safe_load(contract_yaml(proposal, about="as a person would paste it"))
    contract = Contract.model_validate(told["contract"], strict=False)
    return ModelSpec(
        name="flights",
        data=Data(target="late"),
        contract=contract,
        training=Training(entry_point="train.py"),
    )


def test_what_is_written_as_yaml_is_what_is_proposed(proposal: Proposal, spec: ModelSpec):
    assert spec.contract == proposal.contract


def test_every_line_that_is_proposed_has_its_evidence_beside_it(proposal: Proposal):
    lines = contract_yaml(proposal, about="x").splitlines()
    stated = [
        line for line in lines if ": " in line and "- rule" not in line and "why:" not in line
    ]
    assert stated
    assert [line for line in stated if "   # " not in line and not line.startswith("#")] == []


def test_all_months_are_accepted_but_for_the_one_with_the_blizzard(
    files: list[Path], spec: ModelSpec
):
    last: Last | None = None
    for month, file in enumerate(files, start=1):
        found = examine(file, spec, now=NOW, last=last)
        expected = [ODD[month]] if month in ODD else []
        assert [anomaly.code for anomaly in found.anomalies] == expected, found.anomalies
        last = Last(profile=found.profile)


@pytest.fixture(scope="module")
def look(
    files: list[Path], spec: ModelSpec, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[pd.DataFrame | bytes], Examination]:
    """Examines what became of June, after May."""
    may = Last(profile=examine(files[4], spec, now=NOW).profile)
    file = tmp_path_factory.mktemp("june") / "june.csv"

    def examined(broken: pd.DataFrame | bytes) -> Examination:
        file.write_bytes(broken if isinstance(broken, bytes) else csv(broken))
        return examine(file, spec, now=NOW, last=may)

    return examined


@pytest.fixture(scope="module")
def june() -> pd.DataFrame:
    return data.month(6)


def test_june_as_it_is_passes(look, june):
    assert look(june).anomalies == ()


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_a_person_would_call_broken_is_kept_out(look, june, name: str):
    assert look(MUTATIONS[name](june.copy())).anomalies


def test_columns_that_go_together_are_found(proposal: Proposal):
    rules = {rule.rule for rule in proposal.contract.rules}
    assert "(minute_of_day(scheduled_at) - scheduled_minute) % 1440 in (240, 300)" in rules
