"""What a deployment remembers of a model's life: who did what, what was made of what, its runs and ideas."""

import json
import time
from typing import Any

from tests.scenarios.conftest import MODEL, Deployment

WORDS = "Größe & 50 % + more/less? wind #1"  # nothing that a query string or a signature would take for its own


def test_a_file_leads_to_the_champions_endpoint_and_the_endpoint_back_to_the_file(
    deployment: Deployment, champion: dict[str, Any]
) -> None:
    file = f"file:incoming/{MODEL}/january.csv"
    down = deployment.api.get("/v1/lineage", of=file, direction="down")
    made = list(dict.fromkeys(one["kind"] for one in down["things"]))
    assert made == ["dataset", "training", "run", "version", "endpoint", "report"]
    endpoint = f"endpoint:{champion['champion']['endpoint_name']}"
    up = deployment.api.get("/v1/lineage", of=endpoint, direction="up")
    kinds = [one["kind"] for one in up["things"]]
    assert kinds == ["file", "dataset", "training", "run", "version"]
    report = next(one["id"] for one in down["things"] if one["kind"] == "report")
    assert deployment.object(report)["gate"]["passed"] is True


def test_the_audit_trail_of_all_models_is_searched_by_who_did_it(
    deployment: Deployment, champion: dict[str, Any]
) -> None:
    found = list(deployment.api.items("/v1/audit", actor="start_rollout"))
    assert [one["action"] for one in found if one["model"] == MODEL][:1] == ["RolloutPromoted"]
    whole = list(deployment.api.items("/v1/audit", model=MODEL))
    assert whole == deployment.audit(MODEL)


def test_an_idea_and_its_runs_are_kept_and_found_by_their_words(deployment: Deployment) -> None:
    told = deployment.api.post("/v1/ideas", {"hypothesis": WORDS, "model": MODEL})
    run = _track(deployment, auc=0.9)
    path = f"/v1/ideas/{told['idea']['id']}"
    deployment.api.post(f"{path}/runs", {"runs": [run]})
    done = {"conclusion": "worked", "reason": "auc 0.9 > 0.7"}
    assert deployment.api.post(f"{path}/conclusion", done)["runs"] == [run]
    (found,) = deployment.api.items("/v1/ideas", q=WORDS, conclusion="worked")
    assert found["hypothesis"] == WORDS
    trail = list(deployment.api.items("/v1/audit", subject=f"idea {told['idea']['id']}"))
    assert {one["action"] for one in trail} == {"IdeaTold", "IdeaTried", "IdeaConcluded"}


def test_the_best_run_is_found_over_all_experiments_and_compared(deployment: Deployment) -> None:
    good, better = _track(deployment, recall=0.5), _track(deployment, recall=0.6)
    best = list(deployment.api.items("/v1/runs/best", metric="recall", filter="metrics.recall > 0"))
    assert [one["run_id"] for one in best] == [better, good]
    diff = deployment.api.get("/v1/runs/diff", a=good, b=better)
    assert round(diff["metrics"][0]["change"], 6) == 0.1


def test_the_api_describes_itself_where_it_runs(deployment: Deployment) -> None:
    told = deployment.api.get("/v1/openapi.json")
    assert (told["openapi"], "/v1/lineage" in told["paths"]) == ("3.1.0", True)


def test_a_body_of_ten_megabytes_is_refused_in_words(deployment: Deployment) -> None:
    body = json.dumps({"reason": "x" * (10 << 20)}).encode()
    answer = deployment.api.send("POST", f"/v1/models/{MODEL}/training", body)
    assert answer.status == 413
    told = json.loads(answer.data)
    assert told.get("detail") or told["message"]


def _track(deployment: Deployment, **metrics: float) -> str:
    """Log a run as an MLflow client does; return its id."""
    now = time.time_ns() // 1_000_000
    below = "/api/2.0/mlflow/runs"
    begun = deployment.api.post(f"{below}/create", {"experiment_id": "0", "start_time": now})
    run: str = begun["run"]["info"]["run_id"]
    points = [{"key": k, "value": v, "timestamp": now, "step": 0} for k, v in metrics.items()]
    deployment.api.post(f"{below}/log-batch", {"run_id": run, "metrics": points})
    deployment.api.post(
        f"{below}/update", {"run_id": run, "status": "FINISHED", "end_time": now + 1}
    )
    return run
