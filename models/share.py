"""A model folder on its way to others: a copy, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..data.errors import StancewireError
from .base import read_config
from .card import CARD
from .locate import CONFIG


def save_copy(folder: Path, to: str | Path) -> Path:
    """Copies a model folder; an existing one is replaced only if it is a model too.

    Raises:
        StancewireError: The place holds something else or cannot be written.
    """
    target = Path(to).resolve()
    if target.exists() and not may_be_replaced(target):
        raise StancewireError(f"{target}: holds other files; name a new folder or one that holds a model and no more")
    partial = target.with_name(target.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(folder, partial, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    except OSError as error:
        raise StancewireError(f"{target}: cannot be written ({error.strerror}); name another folder") from error
    return target


def may_be_replaced(target: Path) -> bool:
    """Whether a place is an empty folder, or a folder with a model and nothing that is no part of one."""
    if not target.is_dir():
        return False
    names = {path.name for path in target.iterdir()} - {"__pycache__"}
    if not names:
        return True
    try:
        return names <= {CONFIG, CARD, *read_config(target).files}
    except StancewireError:
        return False


def push_to_hub(folder: Path, repository: str, private: bool = False, message: str | None = None) -> str:
    """Uploads a model folder, its card with it, in one commit.

    The login is the Hub client's own (``hf auth login`` or ``HF_TOKEN``), and so is the address (``HF_ENDPOINT``).

    Args:
        folder: The model folder.
        repository: ``organisation/name``; made if it is not there.
        private: Whether a repository that is made is private.
        message: Message of the commit.

    Returns:
        Address of the commit.

    Raises:
        StancewireError: The Hub refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    hub = HfApi()
    try:
        hub.create_repo(repository, private=private, exist_ok=True)
        done = hub.upload_folder(
            repo_id=repository,
            folder_path=folder,
            ignore_patterns=["__pycache__/*"],
            commit_message=message or "Upload a stancewire model",
        )
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StancewireError(f"{repository}: the Hub refuses ({reason}); log in with: hf auth login") from error
    return str(done.commit_url)
