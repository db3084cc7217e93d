"""What people put into the data bucket."""

import tempfile
from pathlib import Path

from local.cloud import LocalCloud
from pipelines.flight_delays import data
from trimtab.aws import keys

MONTHS = dict(
    enumerate(
        (
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        start=1,
    )
)


class Uploads:
    """Puts files for one model."""

    def __init__(self, cloud: LocalCloud, model: str) -> None:
        self._s3 = cloud.client("s3")
        self._bucket = cloud.connection.data_bucket
        self._model = model

    def month(self, number: int) -> None:
        """Put the flights of a month where new data come in."""
        key = f"{keys.incoming_prefix(self._model)}{MONTHS[number].lower()}.csv"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "month.csv"
            data.write_month(number, file)
            self.put(key, file.read_bytes())

    def put(self, key: str, body: bytes) -> None:
        """Put a file anywhere."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
