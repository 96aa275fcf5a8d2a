"""Paths of folders and files."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
