"""The queue's tasks in a real Label Studio: imported, finished through its API, exported and taken back."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="needs httpx, which the Label Studio SDK brings")

import httpx

from stancewire.data.corpus import parse_labelled, read_labelled
from stancewire.data.label_studio import from_label_studio, labelling_config, to_label_studio
from stancewire.inference.queue import make_queue
from stancewire.inference.scorer import Scorer

LABEL_STUDIO = os.environ.get("LABEL_STUDIO") or shutil.which("label-studio")
TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own."""
    if not LABEL_STUDIO:
        pytest.skip("no Label Studio: install it apart, and name its command in LABEL_STUDIO")
    home = tmp_path_factory.mktemp("label-studio")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    account = ["--username", "ann@desk.example", "--password", "not-a-secret", "--user-token", TOKEN]
    options = ["--no-browser", "--enable-legacy-api-token", "--port", str(port), "--data-dir", str(home)]
    log = (home / "log").open("w")
    process = subprocess.Popen(
        [LABEL_STUDIO, "start", *options, *account], stdout=log, stderr=log, env=os.environ | {"COLLECT_ANALYTICS": "0"}
    )
    address = f"http://localhost:{port}"
    try:
        for _ in range(240):
            try:
                if httpx.get(f"{address}/health").status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            assert process.poll() is None, (home / "log").read_text()[-2000:]
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def test_tasks_go_to_label_studio_and_come_back_with_their_offsets(server: str, scorer: Scorer, tmp_path: Path) -> None:
    tasks = to_label_studio(
        make_queue([one.article for one in read_labelled("frozen")[:15]], [scorer], 6), scorer.model.config.full_name
    )
    with httpx.Client(base_url=server, headers={"Authorization": f"Token {TOKEN}"}, timeout=60) as client:

        def call(method: str, path: str, **given: Any) -> Any:
            answer = client.request(method, path, **given)
            assert answer.is_success, answer.text
            return answer.json()

        config = labelling_config([issue.id for issue in scorer.model.config.issues])
        project = call("POST", "/api/projects", json={"title": "stances", "label_config": config})["id"]
        call("POST", f"/api/projects/{project}/import", json=tasks)
        listed = call("GET", "/api/tasks", params={"project": project, "fields": "all"})["tasks"]
        assert len(listed) == 6
        for task in listed:
            full = call("GET", f"/api/tasks/{task['id']}")
            # The answers of the model are filled in: the annotator takes them as they are.
            (prediction,) = full["predictions"]
            call("POST", f"/api/tasks/{task['id']}/annotations", json={"result": prediction["result"]})
        exported = call("GET", f"/api/projects/{project}/export", params={"exportType": "JSON"})
    (tmp_path / "export.json").write_text(json.dumps(exported))
    finished = from_label_studio(tmp_path / "export.json")
    assert not finished.left_out
    assert len(finished.labelled) == 6
    wanted = sorted(
        part["value"]["text"]
        for task in tasks
        for part in task["predictions"][0]["result"]
        if part["from_name"] == "stance"
    )
    texts = []
    for record in finished.labelled:
        labelled = parse_labelled(record, "export")
        regions = {(stance.sentence, stance.actor, stance.issue) for stance in labelled.stances}
        texts += [labelled.article.text[slice(*labelled.sentences[sentence])] for sentence, _, _ in regions]
    assert sorted(texts) == wanted
    assert wanted
