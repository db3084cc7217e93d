"""Environments of the peers, made once under build/benchmarks/ and kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# Pinned: five of them do not import with what pip picks for them today.
PEERS = {
    "evidently": ["evidently==0.7.23", "pandas<3"],
    "pandera": ["pandera[polars]==0.35.0", "polars"],
    "great_expectations": ["great-expectations==1.24.1", "pandas<3"],
    "whylogs": ["whylogs[viz]==1.6.4", "pandas<2.3", "numpy<2"],
    "nannyml": ["nannyml==0.13.1", "statsmodels"],
}
QUIET = {
    "DO_NOT_TRACK": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
    "GX_ANALYTICS_ENABLED": "false",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}


class NotHere(Exception):
    """The peer cannot be installed or run on this machine."""


def command(peer: str, table: str, reference: Path, current: Path) -> list[str]:
    """Return what runs the peer, in its environment. Raises NotHere where that cannot be made."""
    script = HERE / "peers" / f"with_{peer}.py"
    return [str(python_of(peer)), str(script), table, str(reference), str(current)]


def environment() -> dict[str, str]:
    """What every process of the benchmark sees."""
    return {**os.environ, **QUIET, "PYTHONPATH": str(HERE)}


def python_of(peer: str) -> Path:
    folder = ROOT / "build" / "benchmarks" / peer
    python, ready = folder / "bin" / "python", folder / ".ready"
    wanted = "\n".join(PEERS[peer])
    if not ready.exists() or ready.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        print(f"         making an environment for {peer}", file=sys.stderr, flush=True)
        uv = str(Path(sys.executable).with_name("uv"))
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
        _run([*install, *PEERS[peer]])
        ready.write_text(wanted)
    return python


def _run(words: list[str]) -> None:
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=600)
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip().splitlines() or ["no word"])[-1]
        raise NotHere(f"cannot be installed here: {said[:120]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotHere("could not be installed within ten minutes") from error
