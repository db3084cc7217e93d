"""Firehose delivers as its stream says: packed, by the local clock, and only what its role may write.

It delivers each record at once, where AWS gathers them for minutes.
"""

import contextvars
import gzip
import logging
import time
from typing import Any

from ministack.services import firehose

from local.clock import LocalClock
from local.emulator import event_targets

logger = logging.getLogger(__name__)

HONOURED = frozenset(
    {
        "BucketARN",
        "BufferingHints",  # by delivering at once: nobody may rely on a delay
        "CompressionFormat",
        "DynamicPartitioningConfiguration",
        "EncryptionConfiguration",  # without effect: nothing is encrypted on this machine
        "ErrorOutputPrefix",
        "FileExtension",
        "Prefix",
        "ProcessingConfiguration",
        "RoleARN",
    }
)
PACKED = ("GZIP", "UNCOMPRESSED")

_destination: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("destination")


def insist_on_honoured(stream: str, destination: dict[str, Any] | None) -> None:
    """Do nothing for a destination that deliveries keep to. Raises ValueError naming what they would pass over."""
    told = destination or {}
    if passed_over := sorted(told.keys() - HONOURED):
        raise ValueError(f"stream {stream}: {', '.join(passed_over)} is not supported locally")
    if told.get("CompressionFormat", "UNCOMPRESSED") not in PACKED:
        raise ValueError(
            f"stream {stream}: CompressionFormat is one of {', '.join(PACKED)} locally"
        )


def install(clock: LocalClock) -> None:
    """Let deliveries to S3 keep what the emulator passes over."""
    deliver, put = firehose._deliver_to_s3, firehose._put_s3_object

    def delivered(stream: Any, dest: dict[str, Any], record: bytes, keys: Any = None) -> None:
        token = _destination.set(dest["config"])
        try:
            deliver(stream, dest, record, keys)
        finally:
            _destination.reset(token)

    def put_allowed(bucket: str, key: str, body: bytes) -> None:
        config = _destination.get()
        try:
            event_targets.expect_role(
                config["RoleARN"], "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}"
            )
        except event_targets.Refused as refused:
            logger.warning("Firehose writes nothing to %s: %s", key, refused.message)
            return
        put(bucket, key, gzip.compress(body) if config.get("CompressionFormat") == "GZIP" else body)

    firehose._arrival_time = lambda _config: time.gmtime(clock.time())
    firehose._deliver_to_s3 = delivered
    firehose._put_s3_object = put_allowed
