"""One S3 for the suite, and one trained model that several tests look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from pipelines.flight_delays import data
from tests.pipelines.jobs import BUCKET, FLIGHT_DELAYS, Bench, csv


@dataclass
class Trained:
    """A tiny January model, from manifest to model.tar.gz."""

    bench: Bench
    source: Path
    base: Path  # of its training job
    model: Path  # folder of model.tar.gz
    uri: str


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an S3 of this suite's own."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def january() -> pd.DataFrame:
    """The genuine flights of January."""
    return data.month(1)


@pytest.fixture(scope="session")
def tiny(january: pd.DataFrame) -> pd.DataFrame:
    """Every eighth flight of January: 3,300 rows."""
    return january[::8].reset_index(drop=True)


@pytest.fixture(scope="session")
def bench(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench whose bucket keeps versions."""
    made = Bench(tmp_path_factory.mktemp("bench"), endpoint)
    made.s3.create_bucket(Bucket=BUCKET)
    made.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return made


@pytest.fixture(scope="session")
def source(bench: Bench) -> Path:
    """The folder with the packed code of flight_delays."""
    return bench.source(FLIGHT_DELAYS)


@pytest.fixture(scope="session")
def trained(bench: Bench, source: Path, tiny: pd.DataFrame) -> Trained:
    """A model trained by Prepare and AWS's training toolkit."""
    batch = bench.batch("incoming/flight-delays/tiny.csv", csv(tiny))
    prepared = bench.prepare(source, bench.manifest(batch), "tiny")
    assert prepared.returncode == 0, prepared.stderr
    ended, base = bench.train(source, bench.folder / "tiny" / "train", "tiny-job")
    assert ended.returncode == 0, ended.stderr
    model = bench.pack(base, "tiny-model")
    bench.s3.upload_file(str(model / "model.tar.gz"), BUCKET, "tiny/model.tar.gz")
    return Trained(bench, source, base, model, f"s3://{BUCKET}/tiny/model.tar.gz")
