"""The CDK app: `python -m infra.app` writes the cloud assembly; needs no AWS, no credentials and no network."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.node import use_bundled_node

use_bundled_node()

import aws_cdk as cdk  # noqa: E402 (Node has to be chosen first)

from infra.settings import for_stage  # noqa: E402
from infra.stacks.data_stack import DataStack  # noqa: E402
from infra.stacks.platform_stack import PlatformStack  # noqa: E402
from pipelines import spec  # noqa: E402
from trimtab.errors import TrimtabError  # noqa: E402

ROOT = Path(__file__).parents[1]


def make_app(context: Mapping[str, Any] | None = None, *, outdir: str | None = None) -> cdk.App:
    """Return the app with both stacks. cdk.json's context holds under every runner; `context` goes over it."""
    # Plain Python and pytest don't read cdk.json as the CDK's own command does.
    written = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(
        context={**written, **(context or {})},
        outdir=outdir,
        analytics_reporting=False,
        stack_traces=False,  # they are of CDK's kernel, in a temporary folder that differs each time
    )
    settings = for_stage(app.node.try_get_context("stage") or "dev")
    models = spec.load_all(ROOT / "pipelines")
    data = DataStack(app, settings.data_stack, settings=settings, models=models)
    PlatformStack(
        app,
        settings.platform_stack,
        settings=settings,
        store=data.store,
        serving=data.serving,
        models=models,
        build=ROOT / "build" / "synth",
    )
    return app


def main() -> int:
    """Write the assembly to CDK_OUTDIR (cdk.out without it), or say what is wrong with a model or the context."""
    try:
        make_app().synth()
    except TrimtabError as error:
        print(f"{error.message}\n{error.hint}", file=sys.stderr)  # noqa: T201 (a command's answer)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
