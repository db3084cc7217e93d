"""What a function is told by its deployment, read once at cold start."""

import os
from collections.abc import Mapping

from trimtab.domain.base import Frozen
from trimtab.errors import OperatorError

PREFIX = "TRIMTAB_"


class Settings(Frozen):
    """The environment of a Trimtab function; each field is the variable `TRIMTAB_<FIELD>`."""

    stage: str  # dev, staging or prod
    table: str  # DynamoDB table that holds all state
    bucket: str  # S3 bucket that holds all data
    bus: str  # EventBridge bus for Trimtab's own events
    models_uri: str  # s3:// address of the compiled model specs (one JSON object: name → spec)
    capture_stream: str = ""  # Firehose stream of what was predicted; only inference_api is told
    topic_arn: str = ""  # SNS topic where people are told; only notify is told
    serving_role_arn: str = ""  # role that SageMaker models run with; only start_rollout is told
    examination_bytes: str = "2147483648"  # largest object that validate_dataset reads itself
    examination_image_uri: str = ""  # Spark container; only validate_dataset is told
    examination_role_arn: str = ""  # role of the examination job; only validate_dataset is told
    examination_code_uri: str = ""  # s3:// address of the job's code; only validate_dataset is told
    examination_key_arn: str = ""  # key of what the job writes; only validate_dataset is told

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings. Raises OperatorError naming every variable that is missing."""
        variables = os.environ if environment is None else environment
        given = {
            field: variables[PREFIX + field.upper()]
            for field in cls.model_fields
            if PREFIX + field.upper() in variables
        }
        missing = [
            PREFIX + name.upper()
            for name, field in cls.model_fields.items()
            if field.is_required() and name not in given
        ]
        if missing:
            raise OperatorError(
                f"environment variable {', '.join(missing)} is not set",
                hint="deploy the stack again; its functions get their variables from infra/",
            )
        return cls(**given)
