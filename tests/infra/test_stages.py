"""A stage comes from context, is one of three, and names everything that is deployed."""

import pytest

from infra.settings import for_stage
from tests.infra.conftest import Assembly, synthesise
from trimtab.errors import OperatorError


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesise("prod", tmp_path_factory.mktemp("prod"))


def test_without_a_stage_it_is_dev() -> None:
    from infra.app import make_app

    assert {s.node.id for s in make_app().node.children if "dev" in s.node.id} == {
        "trimtab-dev",
        "trimtab-dev-data",
    }


@pytest.mark.parametrize("stage", ["production", "", "Dev", None, 3])
def test_another_stage_is_refused_with_the_ones_there_are(stage: object) -> None:
    with pytest.raises(OperatorError) as refused:
        for_stage(stage)
    assert repr(stage) in refused.value.message
    assert "dev, staging, prod" in refused.value.hint


def test_two_stages_share_no_name(assembly: Assembly, prod: Assembly) -> None:
    def names(one: Assembly) -> set[str]:
        return {
            str(value)
            for template in one.templates
            for resource in template.resources()
            for key, value in resource.properties.items()
            if key.endswith("Name")
            and isinstance(value, str)
            and value.startswith(("trimtab", "/"))
        }

    assert len(names(assembly)) == len(names(prod)) > 15
    assert not names(assembly) & names(prod)


def test_production_keeps_more_and_its_table_cannot_be_deleted(prod: Assembly) -> None:
    logs = prod.platform.resources("AWS::Logs::LogGroup")
    assert {log.properties["RetentionInDays"] for log in logs} == {180}
    assert prod.data.only("AWS::DynamoDB::Table").properties["DeletionProtectionEnabled"] is True
    assert prod.kept == {"trimtab-prod-data"}
