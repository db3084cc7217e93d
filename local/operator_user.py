"""The IAM user whose keys a local cloud prints."""

from typing import Any

from local.data_dir import DataDir
from local.emulator.environment import RootKey

NAME = "operator"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def operator_keys(iam: Any, data: DataDir | None) -> RootKey:
    """Return the operator's keys: those kept in the data directory if they still hold, else new ones."""
    kept = {} if data is None else data.read("cloud")
    known = _existing(iam)
    if kept.get("access_key_id") in known:
        return RootKey(kept["access_key_id"], kept["secret_access_key"])
    made = iam.create_access_key(UserName=NAME)["AccessKey"]
    keys = RootKey(made["AccessKeyId"], made["SecretAccessKey"])
    if data is not None:
        data.write(
            "cloud",
            {
                **kept,
                "access_key_id": keys.access_key_id,
                "secret_access_key": keys.secret_access_key,
            },
        )
    return keys


def _existing(iam: Any) -> list[str]:
    """Return the ids of the operator's keys; the user is made if there is none."""
    try:
        listed = iam.list_access_keys(UserName=NAME)["AccessKeyMetadata"]
    except iam.exceptions.NoSuchEntityException:
        listed = []
    if not listed:
        _make(iam)
    return [key["AccessKeyId"] for key in listed]


def _make(iam: Any) -> None:
    try:
        iam.create_user(UserName=NAME)
    except iam.exceptions.EntityAlreadyExistsException:
        return
    iam.attach_user_policy(UserName=NAME, PolicyArn=ADMINISTRATOR)
