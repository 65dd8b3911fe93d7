"""The Hub's client against a local endpoint that speaks as much of the Hub's language as it needs."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from stancewire.data.corpus import read_labelled
from stancewire.data.errors import StancewireError
from stancewire.data.hub import is_hub_name
from stancewire.inference.scorer import Scorer
from stancewire.models.base import load_model
from stancewire.models.locate import find_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub(BaseHTTPRequestHandler):
    """Repositories in memory: create, commit, list and fetch."""

    files: ClassVar[dict[str, dict[str, bytes]]] = {}
    address: ClassVar[str] = ""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/repos/create":
            wanted = json.loads(raw)
            name = f"{wanted['organization']}/{wanted['name']}"
            self.files.setdefault(name, {})
            self._answer({"url": f"{self.address}/{name}", "id": name})
        elif self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            asked = json.loads(raw)["files"]
            self._answer(
                {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]}
            )
        elif "/commit/" in self.path:
            name = "/".join(self.path.split("/")[3:5])
            for line in raw.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    self.files[name][entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            url = f"{self.address}/{name}/commit/{COMMIT}"
            self._answer({"success": True, "commitOid": COMMIT, "commitUrl": url, "hookOutput": ""})
        else:
            self._answer({"error": f"not spoken here: {self.path}"}, 404)

    def do_HEAD(self) -> None:
        self._fetch(body=False)

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/"):
            name = "/".join(self.path.split("/")[3:5])
            files = self.files.get(name)
            if files is None:
                self._answer({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
                return
            if "/tree/" in self.path:
                tree = [{"type": "file", "path": f, "size": len(c), "oid": _oid(c)} for f, c in files.items()]
                self._answer(tree)
                return
            self._answer({"id": name, "sha": COMMIT, "siblings": [{"rfilename": f} for f in files]})
        else:
            self._fetch(body=True)

    def _fetch(self, body: bool) -> None:
        parts = self.path.lstrip("/").split("/")
        content = self.files.get("/".join(parts[:2]), {}).get("/".join(parts[4:]))
        if content is None:
            self._answer({"error": "no such file"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{_oid(content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _answer(self, record: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(record).encode()
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, dict[str, bytes]]]:
    """A Hub of our own; the client reads its address when it is imported, so that is set in its modules too."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    import huggingface_hub.constants
    import huggingface_hub.hf_api

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr(
        huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub.hf_api.api, "endpoint", address)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    _Hub.files, _Hub.address = {}, address
    yield _Hub.files
    server.shutdown()


def test_a_model_goes_to_the_hub_and_comes_back(
    hub: dict[str, dict[str, bytes]], scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = scorer.push_to_hub("desk/stances")
    assert address.endswith(COMMIT)
    assert hub["desk/stances"]["config.json"] == (find_model() / "config.json").read_bytes()
    again = Scorer.from_pretrained("desk/stances")
    text = "Japan imposed new sanctions on Russia on Friday."
    assert again.score(text) == scorer.score(text)


def test_what_the_hub_does_not_have_is_one_clear_line(
    hub: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StancewireError, match=r"unknown model 'desk/nothing': no such folder, and the Hub") as raised:
        find_model("desk/nothing")
    assert "\n" not in str(raised.value)
    hub["desk/other"] = {"README.md": b"# something else"}
    with pytest.raises(StancewireError, match="is no stancewire model"):
        find_model("desk/other")


def test_a_saved_copy_loads_and_spares_other_files(scorer: Scorer, tmp_path: Path) -> None:
    folder = scorer.save_pretrained(tmp_path / "copy")
    assert load_model(folder).config == scorer.model.config
    assert scorer.save_pretrained(folder) == folder
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(StancewireError, match="holds other files"):
        scorer.save_pretrained(tmp_path / "mine")
    # A `config.json` alone does not make a folder ours.
    (tmp_path / "mine" / "config.json").write_text("{}")
    with pytest.raises(StancewireError, match="holds other files"):
        scorer.save_pretrained(tmp_path / "mine")
    with pytest.raises(StancewireError, match="holds other files"):
        scorer.save_pretrained(tmp_path / "mine" / "notes.txt")
    with pytest.raises(StancewireError, match="made from a model in memory"):
        Scorer(scorer.model).save_pretrained(tmp_path / "again")


def test_a_mistyped_path_beside_a_folder_is_no_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_hub_name("desk/labels")
    (tmp_path / "desk").mkdir()
    assert not is_hub_name("desk/labels")
    with pytest.raises(StancewireError, match="desk/labels: cannot be read"):
        read_labelled("desk/labels")
