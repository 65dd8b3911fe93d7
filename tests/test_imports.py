"""Scoring stays light, and importing does nothing but import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MODULES = [
    "stancewire.data.readers",
    "stancewire.data.writers",
    "stancewire.data.corpus",
    "stancewire.models.base",
    "stancewire.inference.scorer",
    "stancewire.inference.cli",
]


def run(code: str, folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout


def test_scoring_imports_neither_torch_nor_training(tmp_path: Path) -> None:
    code = f"""
import sys
{"".join(f"import {name};" for name in MODULES)}
from stancewire.inference.scorer import Scorer
Scorer.from_pretrained().score("Chile lifted its sanctions on Peru.")
heavy = {{'torch', 'mlflow', 'transformers', 'datasets', 'pandas', 'stancewire.training'}} & set(sys.modules)
print(sorted(heavy))
"""
    assert run(code, tmp_path).strip() == "[]"


def test_importing_prints_nothing_and_makes_no_file(tmp_path: Path) -> None:
    assert run("".join(f"import {name};" for name in MODULES), tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_training_without_its_extra_says_how_to_install_it(tmp_path: Path) -> None:
    code = """
import sys
sys.modules['pydantic'] = None
from stancewire.inference.cli import main
main(['train', 'x.yaml'])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'stancewire[training]'" in done.stderr
    assert done.stderr.count("\n") == 1
