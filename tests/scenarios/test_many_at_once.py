"""Whatever comes at the same moment is taken one after the other; nothing is lost and nothing counted twice."""

from concurrent.futures import ThreadPoolExecutor

from pipelines.flight_delays import data
from tests.scenarios.conftest import MODEL, Deployment

FILES, ROWS = 12, 600


def test_files_put_at_the_same_moment_make_versions_without_a_gap(deployment: Deployment):
    # Drawn, since the weather of single days has more gaps than the contract allows.
    march = data.month(3).sample(FILES * ROWS, random_state=7)
    bodies = {
        f"incoming/{MODEL}/march {part}.csv": march.iloc[part * ROWS : (part + 1) * ROWS]
        .to_csv(index=False)
        .encode()
        for part in range(FILES)
    }
    before = len(_versions(deployment))
    with ThreadPoolExecutor(FILES) as threads:
        list(threads.map(deployment.put, bodies, bodies.values()))
    told = [
        deployment.feed.wait("DatasetAccepted", model=MODEL, batch_key=key)["dataset_version"]
        for key in bodies
    ]
    assert sorted(told) == list(range(before + 1, before + 1 + FILES))
    versions = _versions(deployment)
    assert [one["version"] for one in versions] == list(range(before + FILES, 0, -1))
    newest = deployment.object(versions[0]["manifest_uri"])
    assert len({batch["sha256"] for batch in newest["batches"]}) == before + FILES
    requests = deployment.api.items(f"/v1/models/{MODEL}/training")
    assert [one["phase"] for one in requests].count("running") <= 1


def _versions(deployment: Deployment) -> list[dict]:
    return list(deployment.api.items(f"/v1/models/{MODEL}/datasets"))
