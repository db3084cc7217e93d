"""The templates as a whole: valid, without warnings, the same every time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cfnlint.api import lint

from tests.infra.conftest import Assembly, synthesise

ROOT = Path(__file__).parents[2]


def test_synth_warns_of_nothing(assembly: Assembly) -> None:
    assert assembly.warnings == ()
    report = json.loads((assembly.folder / "validation-report.json").read_text())
    assert report["pluginReports"] == []


CFN_LINT = yaml.safe_load((ROOT / ".cfnlintrc").read_text())
REGIONS, ACCEPTED = CFN_LINT["regions"], CFN_LINT["ignore_checks"]


def test_cfn_lint_finds_neither_error_nor_warning(assembly: Assembly) -> None:
    found = [
        f"{template.path.name}: {match.rule.id} {match.message}"
        for template in assembly.templates
        for match in lint(template.path.read_text(), regions=REGIONS)
        if match.rule.id not in ACCEPTED
    ]
    assert found == []


def test_cfn_lint_would_find_a_misspelt_property(assembly: Assembly) -> None:
    broken = assembly.data.path.read_text().replace("BillingMode", "BilingMode")
    assert "E3002" in {match.rule.id for match in lint(broken, regions=REGIONS)}


def test_the_same_tree_gives_the_same_bytes(assembly: Assembly, tmp_path: Path) -> None:
    again = synthesise("dev", tmp_path)
    files = sorted(path.name for path in assembly.folder.glob("*.json"))
    assert "trimtab-dev.template.json" in files
    for name in files:
        assert (assembly.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_nothing_is_made_by_a_custom_resource(assembly: Assembly) -> None:
    for template in assembly.templates:
        kinds = {resource.type for resource in template.resources()}
        assert not [kind for kind in kinds if kind.startswith("Custom::")]
        assert "AWS::CloudFormation::CustomResource" not in kinds


def test_no_template_knows_where_it_was_made(assembly: Assembly) -> None:
    for template in assembly.templates:
        assert str(ROOT) not in template.path.read_text()
        assert str(Path.home()) + "/" not in template.path.read_text()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"CDK_CONTEXT_JSON": '{"stage": "live"}'}, "there is no stage 'live'"),
        ({"TRIMTAB_PLATFORM": "windows"}, "there is no platform 'windows'"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    variables: dict[str, str], says: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.app"],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == says
    assert "Traceback" not in done.stderr
