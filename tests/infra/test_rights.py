"""Every right is written out: no wildcard action, and no `*` resource but where AWS knows no other."""

import json
from collections.abc import Iterator
from typing import Any

from tests.infra.conftest import Assembly, Template

NO_RESOURCE_LEVEL = {
    # action: why `*` is the only resource that AWS takes for it
    "xray:PutTraceSegments": "X-Ray has no resources",
    "xray:PutTelemetryRecords": "X-Ray has no resources",
    "ecr:GetAuthorizationToken": "one token opens every registry that a role may pull from",
    "cloudwatch:GetMetricStatistics": "metrics have no ARN, and reading knows no condition either",
    "sagemaker:ListEndpoints": "a list is of the whole account",
    "application-autoscaling:DescribeScalableTargets": "a list is of the whole account",
    "cloudwatch:PutMetricData": "metrics have no ARN; the namespace is bounded by a condition",
}


def documents(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every policy document in a template, wherever it stands."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for each in value.values():
            yield from documents(each)
    elif isinstance(value, list):
        for each in value:
            yield from documents(each)


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every statement with the type of the resource that it stands in."""
    for resource in template.resources():
        for document in documents(resource.properties):
            for statement in document["Statement"]:
                yield resource.type, statement


def listed(value: Any) -> list[Any]:
    """Return IAM's one-or-many as many."""
    return value if isinstance(value, list) else [value]


def denies_plain_http(statement: dict[str, Any]) -> bool:
    """Say whether this refuses everything that does not come by TLS: the wider, the better."""
    return statement["Effect"] == "Deny" and statement.get("Condition") == {
        "Bool": {"aws:SecureTransport": "false"}
    }


def wildcard_actions(template: Template) -> list[str]:
    return [
        action
        for _, statement in statements(template)
        if not denies_plain_http(statement)
        for action in listed(statement.get("Action", "NotAction"))
        if "*" in action or action == "NotAction"
    ]


def unjustified_resources(template: Template) -> list[str]:
    found = []
    for kind, statement in statements(template):
        own_policy = kind == "AWS::KMS::Key"  # `*` in a key's policy is that key
        if (
            statement["Effect"] == "Deny"
            or own_policy
            or "*" not in listed(statement.get("Resource"))
        ):
            continue
        found += [each for each in listed(statement["Action"]) if each not in NO_RESOURCE_LEVEL]
    return found


def test_no_statement_allows_a_wildcard_action(assembly: Assembly) -> None:
    assert [wildcard_actions(template) for template in assembly.templates] == [[], []]


def test_no_statement_is_for_every_resource_unless_aws_knows_no_other(assembly: Assembly) -> None:
    assert [unjustified_resources(template) for template in assembly.templates] == [[], []]


def test_the_walk_finds_a_wildcard_wherever_it_stands() -> None:
    wide = {"Effect": "Allow", "Action": ["s3:GetObject*", "s3:PutObject"], "Resource": "*"}
    inline = {"Policies": [{"PolicyDocument": {"Statement": [wide]}}]}
    template = Template(
        path=None,  # type: ignore[arg-type]
        body={"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": inline}}},
    )
    assert wildcard_actions(template) == ["s3:GetObject*"]
    assert unjustified_resources(template) == ["s3:GetObject*", "s3:PutObject"]


def test_metrics_are_bounded_by_their_namespace(platform: Template) -> None:
    puts = [s for _, s in statements(platform) if "cloudwatch:PutMetricData" in listed(s["Action"])]
    assert puts
    assert all("cloudwatch:namespace" in s["Condition"]["StringEquals"] for s in puts)


def test_nobody_gets_a_managed_policy(assembly: Assembly) -> None:
    for template in assembly.templates:
        for role in template.resources("AWS::IAM::Role"):
            assert "ManagedPolicyArns" not in role.properties, role.id


def test_a_role_is_passed_to_sagemaker_only(platform: Template) -> None:
    passes = [s for _, s in statements(platform) if "iam:PassRole" in listed(s["Action"])]
    pipelines = platform.resources("AWS::SageMaker::Pipeline")
    roles = {str(pipeline.properties["RoleArn"]) for pipeline in pipelines}  # one of each model
    assert len(passes) == 4 + len(roles)
    for statement in passes:
        assert statement["Condition"] == {
            "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
        }
        assert set(statement["Resource"]) <= {
            "Fn::GetAtt",
            "Fn::ImportValue",
        }  # one role, no pattern


def test_each_role_is_assumed_by_one_service(assembly: Assembly) -> None:
    for template in assembly.templates:
        for role in template.resources("AWS::IAM::Role"):
            (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"]["Service"] in {
                "firehose.amazonaws.com",
                "lambda.amazonaws.com",
                "sagemaker.amazonaws.com",
                "scheduler.amazonaws.com",
            }


def test_functions_read_the_model_specs_and_no_other_asset(platform: Template) -> None:
    function = platform.function("roll_back").properties
    uri = json.dumps(function["Environment"]["Variables"]["TRIMTAB_MODELS_URI"])
    key = uri.rpartition("/")[2].rstrip('"}')
    gets = [
        json.dumps(s["Resource"])
        for kind, s in statements(platform)
        if kind == "AWS::IAM::Policy"
        and listed(s["Action"]) == ["s3:GetObject"]
        and "cdk-" in json.dumps(s["Resource"])
    ]
    assert sum(key in each for each in gets) == len(
        list(platform.resources("AWS::Lambda::Function"))
    )


def test_every_right_to_data_comes_with_the_right_to_its_key(platform: Template) -> None:
    for policy in platform.resources("AWS::IAM::Policy"):
        actions = {
            action
            for statement in policy.properties["PolicyDocument"]["Statement"]
            for action in listed(statement["Action"])
        }
        if actions & {"dynamodb:GetItem", "s3:PutObject", "s3:GetObjectVersion"}:
            assert "kms:Decrypt" in actions, policy.id
        if actions & {"dynamodb:PutItem", "s3:PutObject"}:
            assert "kms:GenerateDataKey" in actions, policy.id
