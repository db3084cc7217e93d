"""What an evaluation says of the model's bytes, of the packages around it, and for its pictures."""

import io
import tarfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.steps.archive import unpack
from pipelines.steps.curves import DOTS, POINTS, calibration, curves, residuals, roc
from pipelines.steps.metrics import metric
from pipelines.steps.provenance import artifact, environment


def packed(folder: Path, name: str, mtime: int, members: list[tuple[str, bytes]]) -> Path:
    archive = folder / name
    with tarfile.open(archive, "w:gz") as tar:
        for member, content in members:
            entry = tarfile.TarInfo(member)
            entry.size, entry.mtime = len(content), mtime
            tar.addfile(entry, io.BytesIO(content))
    return unpack(archive, folder / f"{name}-unpacked")


def test_a_model_that_is_packed_twice_has_one_digest_and_another_byte_has_another(tmp_path):
    members = [("model.bin", b"weights"), ("code/inference.py", b"pass")]
    one = artifact(packed(tmp_path, "one", 1, members))
    other = artifact(packed(tmp_path, "other", 2, members[::-1]))
    assert one == other
    assert one["bytes"] == 11
    changed = artifact(packed(tmp_path, "changed", 1, [("model.bin", b"weighty"), members[1]]))
    renamed = artifact(packed(tmp_path, "renamed", 1, [("model.bun", b"weights"), members[1]]))
    assert len({one["digest"], changed["digest"], renamed["digest"]}) == 3


def test_the_environment_names_python_and_the_packages_with_their_versions():
    told = environment()
    assert told["python"].count(".") == 2
    assert told["packages"]["numpy"] == np.__version__
    assert list(told["packages"]) == sorted(told["packages"])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=80))
def test_the_area_under_the_roc_points_is_the_auc(rows):
    truth = np.array([float(label) for label, _ in rows])
    predicted = np.array([score / 10 for _, score in rows])
    points = np.array(roc(truth, predicted))
    if len(set(truth)) == 1:
        assert len(points) == 0
        return
    area = float(np.trapezoid(points[:, 1], points[:, 0]))
    auc = metric("auc", truth, predicted)(np.ones(len(rows), dtype=np.int64))
    assert abs(area - auc) < 1e-4


def test_points_are_few_however_many_rows_there_are():
    generator = np.random.default_rng(7)
    predicted = generator.random(5000)
    truth = (generator.random(5000) < predicted).astype(np.float64)
    made = curves("binary", truth, {"challenger": predicted})
    assert set(made) == {"roc", "calibration"}
    points = made["roc"]["challenger"]
    assert (len(points), points[0], points[-1]) == (POINTS, [0, 0], [1, 1])
    for mean, share in made["calibration"]["challenger"]:
        assert abs(mean - share) < 0.08
    left = residuals(truth, predicted)
    assert len(left) == DOTS
    assert set(curves("regression", truth, {"challenger": predicted})) == {"residuals"}
    assert curves("multiclass", truth, {"challenger": predicted}) == {}


def test_fewer_rows_than_bins_are_bins_of_one_row():
    assert calibration(np.array([0.0, 1.0]), np.array([0.2, 0.9])) == [[0.2, 0.0], [0.9, 1.0]]
