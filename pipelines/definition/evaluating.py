"""Evaluate: champion and challenger on the same rows, now."""

from pipelines.definition.processing import EXIT_MESSAGE, WORK, processing
from pipelines.definition.values import Json, flags, get, parameter
from pipelines.definition.wiring import Pipeline
from trimtab.domain import pipeline_parameters as parameters

REPORT_STEP, REPORT, REPORT_FILE = "Evaluate", "Evaluation", "evaluation.json"


def evaluate(pipeline: Pipeline) -> Json:
    """Return the step that scores champion and challenger and writes the report that the gate reads."""
    rows = get("Steps.Prepare.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri")
    made = processing(
        REPORT_STEP,
        pipeline,
        arguments=[
            "evaluate",
            "--champion-version",
            parameter(parameters.CHAMPION_VERSION),
            "--champion-uri",
            parameter(parameters.CHAMPION_MODEL_URI),
            *flags(
                source=f"{WORK}/source",
                evaluation=f"{WORK}/evaluation",
                challenger=f"{WORK}/challenger",
                output=f"{WORK}/report",
                exit_message=EXIT_MESSAGE,
            ),
        ],
        inputs={
            "source": parameter(parameters.SOURCE_URI),
            "evaluation": rows,
            "challenger": pipeline.model_uri,
        },
        outputs={"report": (f"{WORK}/report", pipeline.run_uri("evaluation"))},
    )
    made["PropertyFiles"] = [
        {"PropertyFileName": REPORT, "OutputName": "report", "FilePath": REPORT_FILE}
    ]
    return made
