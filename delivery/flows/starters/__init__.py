"""Starters of delivery: flows that open requests, each with a sample of the signal it takes."""

from pathlib import Path

from routing.flows.starters import starter_folder

starter_folder(Path(__file__).parent)
