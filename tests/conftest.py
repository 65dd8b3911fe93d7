"""Shared fixtures: the model that ships, and where the development data lies, if it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from stancewire.inference.scorer import Scorer

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
EXAMPLES = ROOT / "data" / "examples"


@pytest.fixture(scope="session")
def scorer() -> Scorer:
    """The scorer with the model that ships."""
    return Scorer.from_pretrained()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data beside the checkout; tests that need it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("the development data (../shared) is not beside this checkout")
    return SHARED
