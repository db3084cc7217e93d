"""What docs/local-cloud.md tells people to type does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.scenarios.conftest import Deployment

ROOT = Path(__file__).parents[2]


def test_the_python_of_the_page_gets_a_champion_and_its_answer(
    deployment: Deployment, champion: dict, tmp_path: Path
):
    page = (ROOT / "docs" / "local-cloud.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / ".trimtab").mkdir()
    connection = deployment.cloud.connection
    (tmp_path / ".trimtab" / f"local-{connection.port}.json").write_text(connection.to_json())
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("trimtab-dev-flight-delays-v1 {'predictions': [0.")
