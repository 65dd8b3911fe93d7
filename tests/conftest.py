"""Shared fixtures: the model that ships, and where the development data lies, if it is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database; that of PostgreSQL is named by STANCEWIRE_TEST_POSTGRES, and emptied."""
    sa = pytest.importorskip("sqlalchemy", reason="the database needs the monitoring extra")
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/monitor.db"
        return
    postgres = os.environ.get("STANCEWIRE_TEST_POSTGRES")
    if not postgres:
        pytest.skip("no PostgreSQL: name one, to be emptied, in STANCEWIRE_TEST_POSTGRES")
    # Each process of a parallel run has one of its own.
    url = sa.make_url(postgres)
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        url = url.set(database=f"{url.database}_{worker}")
        with engine.connect() as connection:
            if not connection.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :n"), {"n": url.database}):
                connection.execute(sa.text(f"CREATE DATABASE {url.database}"))
        engine.dispose()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    yield url.render_as_string(hide_password=False)
