"""What every deployment on moto begins with: a boto3 session and the table."""

import boto3
import botocore.session
from botocore.loaders import create_loader

LOADER = create_loader()  # one for all tests: reading SageMaker's model takes longer than most


def renew_session() -> botocore.session.Session:
    """Make boto3 use a new session from here on; inside of mock_aws, which forgets the one before."""
    session = botocore.session.Session()
    session.register_component("data_loader", LOADER)
    boto3.setup_default_session(botocore_session=session)
    return session


def make_table(name: str) -> None:
    """Make the one table, with the keys and the index that infra gives it."""
    boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "trail", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "trail",
                "KeySchema": [
                    {"AttributeName": "trail", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
