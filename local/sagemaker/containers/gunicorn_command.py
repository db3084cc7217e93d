"""How the model server is started, by an endpoint and by `serve` alike."""

from pathlib import Path


def gunicorn_command(bind: str, *, threads: int, scratch: Path) -> list[str]:
    """Return the command that serves `model_server:app` on an address, with scratch files in a folder."""
    return [
        *("python", "-m", "gunicorn", "model_server:app", "--preload", "--bind", bind),
        *("--worker-class", "gthread", "--workers", "1", "--threads", str(threads)),
        *("--keep-alive", "75", "--timeout", "0", "--graceful-timeout", "1", "--no-control-socket"),
        *("--worker-tmp-dir", str(scratch), "--log-level", "warning"),
    ]
