"""A boto3 session for each test on moto; all read the services' models, which takes longer than most tests, once."""

import boto3
import botocore.session
from botocore.loaders import create_loader

LOADER = create_loader()


def renew_session() -> botocore.session.Session:
    """Make boto3 use a new session from here on; inside of mock_aws, which forgets the one before."""
    session = botocore.session.Session()
    session.register_component("data_loader", LOADER)
    boto3.setup_default_session(botocore_session=session)
    return session
