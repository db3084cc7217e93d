"""DynamoDB throttles on purpose: as much as it is told to, in AWS's own words, and no longer than that."""

from collections.abc import Iterator

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from click.testing import CliRunner

from local import connection as connections
from local.cli import local
from local.cloud import LocalCloud
from trimtab.errors import TrimtabError


@pytest.fixture
def throttling(empty_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """A cloud that others share, so it throttles nothing afterwards, whatever comes."""
    yield empty_cloud
    empty_cloud.throttle(0)


def test_a_share_of_dynamodbs_requests_is_throttled_until_it_is_told_to_stop(
    throttling: LocalCloud, monkeypatch: pytest.MonkeyPatch
):
    table = throttling.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    throttling.throttle(1)
    with pytest.raises(ClientError, match="ThrottlingException"):
        table.list_tables()
    assert throttling.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    throttling.throttle(0.5)
    refused = 0
    for _ in range(60):
        try:
            table.list_tables()
        except ClientError:
            refused += 1
    assert 10 < refused < 50
    monkeypatch.setattr(connections, "choose", lambda _: throttling.connection)
    assert CliRunner().invoke(local, ["throttle", "0"]).exit_code == 0
    for _ in range(10):
        table.list_tables()


def test_what_is_no_share_is_refused(throttling: LocalCloud):
    with pytest.raises(TrimtabError, match="throttle must be a share from 0 to 1"):
        throttling.throttle(1.5)
