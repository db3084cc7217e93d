"""The compiled model specs: what functions know of the models, one content-addressed object."""

import json
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from pipelines.spec import ModelFolder


def model_specs(
    scope: Construct, id: str, *, models: Mapping[str, ModelFolder], build: Path
) -> s3_assets.Asset:
    """Return the asset that holds every spec by name; the same models give the same bytes."""
    specs = {name: model.spec.model_dump(mode="json") for name, model in models.items()}
    path = build / "models.json"
    path.write_text(json.dumps(specs, indent=1) + "\n", encoding="utf-8")
    return s3_assets.Asset(scope, id, path=str(path))
