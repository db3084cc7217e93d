"""Where AWS's containers are."""

import pytest

from local.sagemaker.images import require_known
from pipelines.images import ACCOUNTS, VERSIONS, Framework, address, image, tag
from trimtab.errors import OperatorError


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "141502667606.dkr.ecr.eu-west-1.amazonaws.com"),
        ("us-east-1", "683313688378.dkr.ecr.us-east-1.amazonaws.com"),
        ("cn-north-1", "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_an_image_is_addressed_in_its_region(region: str, host: str):
    assert image(region, "sklearn", "1.9-0") == f"{host}/sagemaker-scikit-learn:1.9-0-cpu-py3"
    assert image(region, "xgboost", "3.2-0") == f"{host}/sagemaker-xgboost:3.2-0"


def test_a_region_without_the_image_is_refused_naming_those_that_have_it():
    with pytest.raises(OperatorError, match="'mars-1'") as raised:
        image("mars-1", "sklearn")
    assert "eu-west-1" in raised.value.hint


def test_a_version_without_an_image_is_refused_naming_those_there_are():
    with pytest.raises(OperatorError, match=r"'0\.1'") as raised:
        image("eu-west-1", "sklearn", "0.1")
    assert "1.9-0" in raised.value.hint


def test_account_and_region_may_be_filled_in_at_deployment():
    assert address("${A}", "${R}", "${S}", "sklearn").startswith("${A}.dkr.ecr.${R}.${S}/")


def test_every_account_has_twelve_digits():
    assert all(len(account) == 12 and account.isdigit() for account in ACCOUNTS.values())


def test_a_model_that_names_no_version_gets_the_newest():
    assert (tag("sklearn"), tag("xgboost")) == ("1.9-0-cpu-py3", "3.2-0")


@pytest.mark.parametrize("framework", VERSIONS)
def test_the_local_cloud_runs_every_image_that_model_yaml_may_name(framework: Framework):
    for version in VERSIONS[framework]:
        require_known("CreateTrainingJob", image("us-east-1", framework, version))
