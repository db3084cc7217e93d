"""Where bundles run: Lambda's own machines, or this one for the local cloud."""

import os
import sys
import sysconfig
from collections.abc import Mapping

from trimtab.domain.base import Frozen
from trimtab.errors import OperatorError


class Platform(Frozen):
    """An interpreter and machine that third-party wheels are chosen for."""

    name: str  # aws or local
    python: str  # minor version, as uv's --python-version takes it
    wheels: str | None  # uv's --python-platform; None is this machine
    bytecode: bool  # ship .pyc files; only where this very interpreter will run them

    @property
    def tag(self) -> str:
        """Folder name under build/bundles/, distinct for every interpreter and machine."""
        return f"{self.name}-py{self.python}-{self.wheels or sysconfig.get_platform()}"


AWS = Platform(
    name="aws",
    python="3.13",
    wheels="aarch64-manylinux_2_28",  # Lambda's 3.13 has glibc 2.34; manylinux2014 would pin old wheels
    bytecode=False,
)
LOCAL = Platform(
    name="local",
    python=f"{sys.version_info.major}.{sys.version_info.minor}",
    wheels=None,
    bytecode=True,
)
PLATFORMS = {platform.name: platform for platform in (AWS, LOCAL)}


def from_environment(environment: Mapping[str, str] | None = None) -> Platform:
    """Return the platform named by TRIMTAB_PLATFORM, `aws` without it. Raises OperatorError for any other name."""
    name = (os.environ if environment is None else environment).get("TRIMTAB_PLATFORM", AWS.name)
    if name not in PLATFORMS:
        raise OperatorError(
            f"there is no platform {name!r}",
            hint=f"set TRIMTAB_PLATFORM to {' or '.join(PLATFORMS)}",
        )
    return PLATFORMS[name]
