"""A function's code as CDK takes it: an asset that is bundled here, without Docker."""

from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.bundling import platforms
from infra.bundling.assemble import assemble
from infra.bundling.platforms import Platform

ROOT = Path(__file__).parents[2]


def function_code(name: str, *, lock: str, root: Path = ROOT) -> lambda_.Code:
    """Return the asset of `functions/<name>/`; its hash is that of its content, wherever it is made."""
    bundle = FunctionBundle(root, name, lock=lock, platform=platforms.from_environment())
    image = DockerImage.from_registry("never-run")  # CDK wants a name; try_bundle never lets it run
    return lambda_.Code.from_asset(
        str(root / "functions" / name),
        asset_hash_type=AssetHashType.OUTPUT,
        bundling=BundlingOptions(image=image, local=bundle),
    )


@jsii.implements(ILocalBundling)
class FunctionBundle:
    """CDK's hook for bundling without Docker; CDK leaves it out where bundling is switched off."""

    def __init__(self, root: Path, name: str, *, lock: str, platform: Platform) -> None:
        self._root = root
        self._name = name
        self._lock = lock
        self._platform = platform

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Fill CDK's folder. Succeeds or raises, so CDK never falls back to Docker."""
        assemble(
            self._root, self._name, lock=self._lock, platform=self._platform, out=Path(output_dir)
        )
        return True
