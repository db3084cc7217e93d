"""inference_api: what is refused, and what the endpoint's answer becomes."""

import base64
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from functions.inference_api.schema import ID_HEADER
from tests.serving_platform import MODEL, STAGE, Platform, deployed
from trimtab import names
from trimtab.aws.routes import Routes, route_write
from trimtab.domain.routing import Route, Target

ROW = {
    "carrier": "AA",
    "weekday": 3,
    "temp": 39.5,
    "diverted": False,
    "booked_at": "2026-01-05T10:00:00Z",
}
VALUES = ["AA", 3, 39.5, False, "2026-01-05T10:00:00Z"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed() as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    stage.reset()
    return stage


def sent(platform: Platform) -> list[dict[str, Any]]:
    """Collect what goes to endpoints from now on."""
    seen: list[dict[str, Any]] = []
    platform.on(
        platform.runtime.sagemaker_runtime,
        "before-parameter-build.sagemaker-runtime.InvokeEndpoint",
        lambda params, **_: seen.append(dict(params)),
    )
    return seen


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [ROW, {**ROW, "late": 1, "tail": "N1"}]},
        {"instances": [ROW, {**ROW, "scheduled_at": "2026-02-01T00:00:00Z"}]},
        {"dataframe_split": {"columns": list(ROW), "data": [VALUES, VALUES]}},
        {"inputs": {name: [value, value] for name, value in ROW.items()}},
        {"inputs": [ROW, ROW]},
        {"dataframe_split": {"columns": [*ROW, "late"][::-1], "data": [[0, *VALUES[::-1]]] * 2}},
    ],
)
def test_each_form_reaches_the_endpoint_as_columns_in_contract_order(
    platform: Platform, body: dict[str, Any]
) -> None:
    platform.promote(1)
    platform.model_answers({"predictions": [0.25, 0.75]})
    requests = sent(platform)
    answer = platform.predict(body)
    assert answer["statusCode"] == 200, answer
    told = answer["body"]
    assert (told["predictions"], told["model"], told["version"]) == ([0.25, 0.75], MODEL, 1)
    headers = answer["headers"]
    assert headers["x-trimtab-version"] == "1"
    assert headers["x-trimtab-inference-id"] == told["inference_id"]
    (request,) = requests
    assert request["EndpointName"] == "trimtab-dev-delays-v1"
    assert request["ContentType"] == "application/json"
    assert request["InferenceId"] == told["inference_id"]
    assert json.loads(request["Body"]) == {"columns": list(ROW), "data": [VALUES, VALUES]}


def test_the_callers_inference_id_is_kept(platform: Platform) -> None:
    platform.promote(1)
    for named, headers in [
        ({}, {ID_HEADER: "order 17"}),
        ({"inference_id": "order 17"}, {}),
        ({"inference_id": "order 17"}, {ID_HEADER: "order 17"}),
    ]:
        platform.model_answers({"predictions": [0.5]})
        answer = platform.predict({"instances": [ROW], **named}, headers=headers)
        assert answer["body"]["inference_id"] == "order 17"
        assert answer["headers"][ID_HEADER] == "order 17"


@pytest.mark.parametrize(
    ("named", "headers", "field"),
    [
        ({}, {ID_HEADER: "x" * 65}, ID_HEADER),
        ({}, {ID_HEADER: ""}, ID_HEADER),
        ({}, {ID_HEADER: "flüge"}, ID_HEADER),
        ({"inference_id": "new\nline"}, {}, "inference_id"),
        ({"inference_id": 7}, {}, "inference_id"),
        ({"inference_id": "one"}, {ID_HEADER: "another"}, "inference_id"),
    ],
)
def test_an_inference_id_that_sagemaker_does_not_take_is_refused_with_its_rule(
    platform: Platform, named: dict[str, Any], headers: dict[str, str], field: str
) -> None:
    """Replaced in silence, it would make every label that comes later under it unfindable."""
    answer = platform.predict({"instances": [ROW], **named}, headers=headers)
    assert answer["statusCode"] == 400
    [problem] = answer["body"]["errors"]
    assert problem["field"] == field
    assert problem["expected"] in ("1 to 64 printable ASCII characters", "one of the two")


def test_a_rolled_back_model_answers_from_the_version_before(platform: Platform) -> None:
    platform.promote(1, 2)
    for expected in (2, 1):
        platform.model_answers({"predictions": [0.5]})
        assert platform.predict({"instances": [ROW]})["body"]["version"] == expected
        platform.roll_back(reason="late")
        platform.routes_are_known()


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"carrier": "ZZ"}, "carrier", "is not an allowed value"),
        ({"carrier": None}, "carrier", "is null"),
        ({"weekday": "3"}, "weekday", "is a string"),
        ({"weekday": 3.5}, "weekday", "is not an integer"),
        ({"weekday": True}, "weekday", "is a boolean"),
        ({"weekday": 7}, "weekday", "is above the maximum"),
        ({"temp": -41}, "temp", "is below the minimum"),
        ({"temp": float("nan")}, "temp", "is NaN"),
        ({"temp": float("inf")}, "temp", "is infinite"),
        ({"diverted": 0}, "diverted", "is a number"),
        ({"booked_at": "yesterday"}, "booked_at", "is not a time"),
        ({"temp": [1]}, "temp", "is a list"),
    ],
)
def test_a_value_that_breaks_the_contract_is_named_with_what_was_expected(
    platform: Platform, change: dict[str, Any], field: str, message: str
) -> None:
    answer = platform.predict({"dataframe_records": [ROW, ROW, {**ROW, **change}]})
    assert answer["statusCode"] == 400
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    (error,) = answer["body"]["errors"]
    assert error["field"] == f"dataframe_records[2].{field}"
    assert error["message"] == message
    assert error["expected"]


def test_missing_and_unknown_columns_are_told_with_the_nearest_name(platform: Platform) -> None:
    row = {"carier" if name == "carrier" else name: value for name, value in ROW.items()}
    errors = platform.predict({"dataframe_records": [row]})["body"]["errors"]
    assert errors == [
        {
            "field": "dataframe_records[0].carier",
            "message": "is not a column of the contract",
            "expected": "carrier?",
        },
        {
            "field": "dataframe_records[0].carrier",
            "message": "is missing",
            "expected": "one of AA, UA, B6",
        },
    ]
    split = {"columns": list(row), "data": [VALUES]}
    told = platform.predict({"dataframe_split": split})["body"]["errors"]
    assert [(e["field"], e["message"]) for e in told] == [
        ("dataframe_split.columns[0]", "carier is not a column of the contract"),
        ("dataframe_split.columns", "misses carrier"),
    ]


def test_many_problems_are_counted_and_the_first_twenty_listed(platform: Platform) -> None:
    problem = platform.predict({"instances": [{**ROW, "weekday": 9, "temp": "7"}] * 50})["body"]
    assert len(problem["errors"]) == 20
    assert "100 problems in all" in problem["detail"]
    assert problem["errors"][1]["field"] == "instances[0].temp"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ("{", 400, "the body is not JSON: Expecting property name"),
        ("", 400, "the body is not JSON: it is empty"),
        ("[" * 100_000, 400, "the body is not JSON: it is nested too deeply"),
        ("9" * 5_000, 400, "the body is not JSON: a number in it has too many digits"),
        ([ROW], 400, "body: is a list"),
        ({}, 400, "body: has no rows"),
        (
            {"instances": [ROW], "dataframe_records": [ROW]},
            400,
            "body: has dataframe_records and instances",
        ),
        ({"instances": [ROW], "params": {}}, 400, "params: is not a field of a request"),
        ({"instances": []}, 400, "instances: is empty"),
        ({"instances": {"carrier": "AA"}}, 400, "instances: is an object"),
        ({"instances": [ROW, 7]}, 400, "instances[1]: is a number"),
        ({"dataframe_split": [1]}, 400, "dataframe_split: is a list"),
        (
            {"dataframe_split": {"columns": list(ROW), "data": []}},
            400,
            "dataframe_split.data: is empty",
        ),
        (
            {"dataframe_split": {"columns": list(ROW), "data": [[1]]}},
            400,
            "dataframe_split.data[0]: has 1 values",
        ),
        (
            {"dataframe_split": {"columns": "carrier", "data": [[1]]}},
            400,
            "dataframe_split.columns: is a string",
        ),
        (
            {"dataframe_split": {"columns": [*ROW, "temp"], "data": [[*VALUES, 1]]}},
            400,
            "dataframe_split.columns[5]: temp stands twice",
        ),
        (" " * (4 * 1024 * 1024 + 1), 413, "the body has 4194305 bytes, the limit is 4194304"),
    ],
)
def test_a_body_that_holds_no_rows_is_refused(
    platform: Platform, body: Any, status: int, sentence: str
) -> None:
    answer = platform.predict(body)
    assert answer["statusCode"] == status
    assert answer["body"]["detail"].startswith(sentence)
    assert answer["body"]["hint"]


def test_rows_come_as_csv_too(platform: Platform) -> None:
    platform.promote(1)
    platform.model_answers({"predictions": [0.5, 0.25]})
    requests = sent(platform)
    text = (
        "\ufeffcarrier,weekday,temp,diverted,booked_at\n"
        + "AA,3,39.5,false,2026-01-05T10:00:00Z\n" * 2
    )
    headers = {"content-type": "text/csv; charset=utf-8", ID_HEADER: "order 17"}
    answer = platform.predict(text, headers=headers)
    assert answer["statusCode"] == 200, answer
    assert (answer["body"]["predictions"], answer["body"]["inference_id"]) == (
        [0.5, 0.25],
        "order 17",
    )
    assert json.loads(requests[0]["Body"]) == {"columns": list(ROW), "data": [VALUES, VALUES]}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "body: has no rows"),
        (base64.b64encode(b"carrier\n\xff\n").decode(), "the body is not UTF-8"),
        (base64.b64encode(b"carrier\nAA\n").decode(), "line 1: misses weekday"),
    ],
)
def test_csv_that_cannot_be_read_is_refused(platform: Platform, body: str, sentence: str) -> None:
    headers = {"content-type": "text/csv"}
    answer = platform.predict(body, headers=headers, isBase64Encoded=True)
    assert answer["statusCode"] == 400
    assert answer["body"]["detail"].startswith(sentence)


def test_only_json_and_csv_are_read(platform: Platform) -> None:
    answer = platform.predict("<row/>", headers={"content-type": "text/xml"})
    assert (answer["statusCode"], answer["body"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_compressed_body_is_refused_with_the_header_to_leave_out(platform: Platform) -> None:
    answer = platform.predict({"instances": [ROW]}, headers={"content-encoding": "gzip"})
    assert answer["statusCode"] == 415
    assert "content-encoding" in answer["body"]["hint"]


def test_a_body_that_came_as_base64_is_decoded(platform: Platform) -> None:
    platform.promote(1)
    platform.model_answers({"predictions": [0.5]})
    body = base64.b64encode(json.dumps({"instances": [ROW]}).encode()).decode()
    assert platform.predict(body, isBase64Encoded=True)["statusCode"] == 200
    for bad in ("%%%", base64.b64encode(b"\xff\xfe{").decode()):
        assert platform.predict(bad, isBase64Encoded=True)["statusCode"] == 400


def test_an_unknown_model_is_not_found(platform: Platform) -> None:
    answer = platform.predict({"instances": [ROW]}, model="delay")
    assert (answer["statusCode"], answer["body"]["code"]) == (404, "NOT_FOUND")


def test_a_model_without_champion_says_where_to_look(platform: Platform) -> None:
    answer = platform.predict({"instances": [ROW]})
    assert (answer["statusCode"], answer["body"]["code"]) == (409, "CONFLICT")
    assert answer["body"]["detail"] == "no version of delays answers yet"
    assert "/v1/models/delays" in answer["body"]["hint"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("ModelError", 502, "MODEL_FAILED"),
        ("ModelNotReadyException", 503, "NOT_READY"),
        ("ServiceUnavailable", 503, "NOT_READY"),
        ("ThrottlingException", 503, "NOT_READY"),
        ("ValidationError", 503, "NOT_READY"),
        ("AccessDeniedException", 500, "FAULT"),
    ],
)
def test_what_sagemaker_refuses_is_told_as_what_the_caller_can_do(
    platform: Platform, error: str, status: int, code: str
) -> None:
    platform.promote(1)
    with Stubber(platform.runtime.sagemaker_runtime) as stub:
        stub.add_client_error(
            "invoke_endpoint",
            error,
            "Received server error (500) from primary",
            http_status_code=status,
            modeled_fields={"OriginalStatusCode": 500, "OriginalMessage": "column temp is odd"}
            if error == "ModelError"
            else None,
            expected_params={
                "EndpointName": "trimtab-dev-delays-v1",
                "ContentType": "application/json",
                "Accept": "application/json",
                "Body": ANY,
                "InferenceId": ANY,
            },
        )
        answer = platform.predict({"instances": [ROW]})
    assert (answer["statusCode"], answer["body"]["code"]) == (status, code)
    if error == "ModelError":
        assert "version 1 failed on these rows: column temp is odd" in answer["body"]["detail"]


@pytest.mark.parametrize(("error", "status"), [(ReadTimeoutError, 504), (ConnectTimeoutError, 503)])
def test_an_endpoint_that_does_not_answer_in_time_is_a_timeout(
    platform: Platform, error: type[HTTPClientError], status: int
) -> None:
    platform.promote(1)

    def fail(**_: Any) -> None:
        raise error(endpoint_url="https://runtime.sagemaker", error="")

    client = platform.runtime.sagemaker_runtime
    platform.on(client, "before-send.sagemaker-runtime.InvokeEndpoint", fail)
    assert platform.predict({"instances": [ROW]})["statusCode"] == status


@pytest.mark.parametrize(
    "told",
    ["body", "[]", '{"predictions": 7}', '{"predictions": [0.5, 0.5]}', '{"prediction": [1]}'],
)
def test_a_model_that_does_not_answer_one_prediction_per_row_is_at_fault(
    platform: Platform, told: str
) -> None:
    platform.promote(1)
    platform.model_answers(told)
    answer = platform.predict({"instances": [ROW]})
    assert (answer["statusCode"], answer["body"]["code"]) == (502, "MODEL_FAILED")


def test_a_warm_prediction_makes_one_call_beside_the_endpoints_and_reads_the_route_after_a_second(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.promote(1)
    seconds = [0.0]
    monkeypatch.setattr("trimtab.aws.beliefs.time", SimpleNamespace(monotonic=lambda: seconds[0]))
    platform.model_answers({"predictions": [0.5]})
    platform.predict({"instances": [ROW]})
    calls: list[str] = []

    def seen(model: Any, **_: Any) -> None:
        calls.append(model.name)

    table_client = platform.runtime.table._client
    firehose = platform.runtime.captures._client
    for client in (table_client, platform.runtime.s3, platform.runtime.sagemaker_runtime, firehose):
        platform.on(client, "before-call", seen)
    for after in (0.0, 0.89, 0.91):
        seconds[0] = after
        platform.model_answers({"predictions": [0.5]})
        platform.predict({"instances": [ROW]})
    each = ["InvokeEndpoint", "PutRecordBatch"]
    assert calls == [*each, *each, "GetItem", *each]


def split_traffic(platform: Platform) -> None:
    """Send half of the requests to each of two versions."""
    platform.promote(1, 2)
    halves = tuple(
        Target(version=version, weight=50, endpoint_name=names.endpoint_name(STAGE, MODEL, version))
        for version in (1, 2)
    )
    table = platform.runtime.table
    record = Routes(table).read(MODEL)
    table.commit(route_write(MODEL, record, Route(targets=halves)))


def test_an_entity_is_answered_by_one_version_and_a_request_repeated_under_its_id_too(
    platform: Platform,
) -> None:
    split_traffic(platform)

    def version(row: dict[str, Any], inference_id: str) -> int:
        platform.model_answers({"predictions": [0.5]})
        body = {"instances": [row], "inference_id": inference_id}
        return int(platform.predict(body)["body"]["version"])

    tails = [{**ROW, "tail": f"N{n}"} for n in range(12)]
    answered = [{version(tail, f"{n}") for n in range(3)} for tail in tails]
    assert all(len(versions) == 1 for versions in answered)
    assert set.union(*answered) == {1, 2}
    strangers = [version(ROW, f"{n}") for n in range(12)]
    assert set(strangers) == {1, 2}
    assert [version(ROW, f"{n}") for n in range(12)] == strangers


def measured(printed: str) -> list[dict[str, Any]]:
    """Return what was measured: the log lines in CloudWatch's embedded metric format."""
    lines = [json.loads(line) for line in printed.splitlines() if '"CloudWatchMetrics"' in line]
    assert all(line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Trimtab" for line in lines)
    return lines


def test_an_answer_is_measured_by_model_whichever_version_gave_it(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.promote(1)
    platform.model_answers({"predictions": [0.4]})
    capsys.readouterr()
    assert platform.predict({"dataframe_records": [ROW]})["statusCode"] == 200
    (line,) = measured(capsys.readouterr().out)
    assert line["failed_requests"] == [0.0]
    assert 0 <= line["latency"][0] < 60_000
    assert (line["stage"], line["model"], line["version"]) == ("dev", MODEL, 1)
    (dimensions,) = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert set(dimensions) >= {"stage", "model"}
    assert "version" not in dimensions


def test_what_the_endpoint_fails_on_is_measured_and_what_the_caller_did_wrong_is_not(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.promote(1)
    capsys.readouterr()
    platform.model_answers({"predictions": []})
    assert platform.predict({"dataframe_records": [ROW]})["statusCode"] == 502
    assert platform.predict({"dataframe_records": [{**ROW, "weekday": "x"}]})["statusCode"] == 400
    (line,) = measured(capsys.readouterr().out)
    assert line["failed_requests"] == [1.0]
    assert "latency" not in line


def test_the_version_before_answers_while_the_champions_endpoint_does_not_and_says_so(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.promote(1, 2)
    platform.runtime_refuses("ValidationError", version=2)
    platform.model_answers({"predictions": [0.25]})
    kept = captured(platform)
    capsys.readouterr()
    answer = platform.predict({"dataframe_records": [ROW]})
    assert answer["statusCode"] == 200
    assert (answer["body"]["version"], answer["body"]["fallback_from"]) == (1, 2)
    assert answer["headers"]["x-trimtab-version"] == "1"
    assert answer["headers"]["x-trimtab-fallback-from"] == "2"
    (record,) = kept
    told = record["eventMetadata"]
    assert (told["version"], told["fallbackFrom"]) == ("1", "2")
    champion, fallback = measured(capsys.readouterr().out)
    assert (champion["failed_requests"], champion["version"]) == ([1.0], 2)
    assert fallback["fallback_answers"] == [1.0]


def test_a_champion_that_answers_has_no_fallback(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.model_answers({"predictions": [0.25]})
    answer = platform.predict({"dataframe_records": [ROW]})
    assert (answer["body"]["version"], answer["body"]["fallback_from"]) == (2, None)
    assert "x-trimtab-fallback-from" not in answer["headers"]


def test_a_model_that_fails_on_rows_is_not_asked_of_another_version(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.model_answers({"predictions": []})
    assert platform.predict({"dataframe_records": [ROW]})["statusCode"] == 502


def test_where_nobody_answers_the_champions_refusal_is_told(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.runtime_refuses("ValidationError")
    answer = platform.predict({"dataframe_records": [ROW]})
    assert answer["statusCode"] == 503
    assert "the endpoint of version 2 cannot be invoked" in answer["body"]["detail"]


def test_a_model_may_have_it_that_nobody_else_answers(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = platform.runtime.models.get(MODEL)
    strict = spec.release.model_copy(update={"fallback": "none"})
    changed = spec.model_copy(update={"release": strict})
    platform.promote(1, 2)
    monkeypatch.setattr(platform.runtime.models, "get", lambda _: changed)
    platform.runtime_refuses("ValidationError", version=2)
    assert platform.predict({"dataframe_records": [ROW]})["statusCode"] == 503


def test_a_version_that_was_left_for_a_fault_is_nobodys_fallback(platform: Platform) -> None:
    platform.promote(1, 2)
    platform.roll_back()
    platform.routes_are_known()
    platform.runtime_refuses("ValidationError", version=1)
    assert platform.predict({"dataframe_records": [ROW]})["statusCode"] == 503


def captured(platform: Platform) -> list[dict[str, Any]]:
    """Collect what is handed to Firehose from now on."""
    seen: list[dict[str, Any]] = []

    def put(params: dict[str, Any], **_: Any) -> None:
        assert params["DeliveryStreamName"] == "trimtab-dev-captures"
        seen.extend(json.loads(record["Data"]) for record in params["Records"])

    event = "before-parameter-build.firehose.PutRecordBatch"
    platform.on(platform.runtime.captures._client, event, put)
    return seen


def test_each_answer_is_captured_with_what_was_asked(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.promote(1)
    records = captured(platform)
    for n in range(3):
        platform.model_answers({"predictions": [0.25]})
        platform.predict({"instances": [ROW], "inference_id": f"order {n}"})
    platform.predict({"instances": [{**ROW, "weekday": 9}]})
    told = [record["eventMetadata"] for record in records]
    assert [each["inferenceId"] for each in told] == ["order 0", "order 1", "order 2"]
    assert {(each["model"], each["version"]) for each in told} == {(MODEL, "1")}
    assert len({each["eventId"] for each in told}) == 3
    data = records[0]["captureData"]
    assert json.loads(data["endpointInput"]["data"]) == {"columns": list(ROW), "data": [VALUES]}
    assert json.loads(data["endpointOutput"]["data"]) == {"predictions": [0.25]}
    assert dropped(capsys.readouterr().out) == []


def dropped(printed: str) -> list[dict[str, Any]]:
    return [line for line in measured(printed) if "captures_dropped" in line]


def throttled(**_: Any) -> None:
    error: Any = {"Error": {"Code": "ServiceUnavailableException", "Message": "slow down"}}
    raise ClientError(error, "PutRecordBatch")


def unreachable(**_: Any) -> None:
    raise ConnectTimeoutError(endpoint_url="https://firehose", error="")


def half_taken(**_: Any) -> tuple[Any, dict[str, Any]]:
    failed = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "slow down"}
    answer = {"FailedPutCount": 1, "RequestResponses": [failed]}
    return SimpleNamespace(status_code=200), answer


@pytest.mark.parametrize("firehose", [throttled, unreachable, half_taken])
def test_an_answer_that_cannot_be_captured_is_given_and_counted(
    platform: Platform, capsys: pytest.CaptureFixture[str], firehose: Callable[..., Any]
) -> None:
    platform.promote(1)
    platform.on(platform.runtime.captures._client, "before-call.firehose.PutRecordBatch", firehose)
    platform.model_answers({"predictions": [0.5]})
    capsys.readouterr()
    answer = platform.predict({"instances": [ROW], "inference_id": "order 17"})
    assert (answer["statusCode"], answer["body"]["predictions"]) == (200, [0.5])
    (line,) = dropped(capsys.readouterr().out)
    told = (line["captures_dropped"], line["model"], line["inference_id"])
    assert told == ([1.0], MODEL, "order 17")


def test_what_firehose_takes_in_no_call_is_counted_without_one(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.promote(1)
    records = captured(platform)
    platform.model_answers({"predictions": ["x" * 1_100_000]})
    capsys.readouterr()
    assert platform.predict({"instances": [ROW]})["statusCode"] == 200
    assert records == []
    assert len(dropped(capsys.readouterr().out)) == 1
