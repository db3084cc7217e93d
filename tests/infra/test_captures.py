"""The stream of captures: packed, encrypted, and in folders that a reader can name beforehand."""

from tests.infra.conftest import Template


def test_captures_lie_packed_by_model_version_and_hour(platform: Template) -> None:
    stream = platform.only("AWS::KinesisFirehose::DeliveryStream")
    assert stream.properties["DeliveryStreamName"] == "trimtab-dev-captures"
    told = stream.properties["ExtendedS3DestinationConfiguration"]
    assert told["Prefix"] == (
        "captures/!{partitionKeyFromQuery:model}/!{partitionKeyFromQuery:version}/!{timestamp:yyyy/MM/dd/HH}/"
    )
    assert (told["CompressionFormat"], told["FileExtension"]) == ("GZIP", ".jsonl.gz")
    assert "KMSEncryptionConfig" in told["EncryptionConfiguration"]
    assert told["DynamicPartitioningConfiguration"] == {"Enabled": True}


def test_only_the_inference_api_writes_to_the_stream_and_knows_its_name(platform: Template) -> None:
    stream = platform.only("AWS::KinesisFirehose::DeliveryStream").id
    told = {
        resource.properties["Handler"]
        for resource in platform.resources("AWS::Lambda::Function")
        if "TRIMTAB_CAPTURE_STREAM" in resource.properties["Environment"]["Variables"]
    }
    assert told == {"functions.inference_api.handler.lambda_handler"}
    allowed = [
        statement
        for policy in platform.resources("AWS::IAM::Policy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Action"] == "firehose:PutRecordBatch"
    ]
    assert [each["Resource"] for each in allowed] == [{"Fn::GetAtt": [stream, "Arn"]}]
