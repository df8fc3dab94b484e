"""Paths on this machine."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def var_dir() -> Path:
    """Return the folder for all files of the product: `VAR_DIR`, or var/ in the checkout."""
    return Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute()
