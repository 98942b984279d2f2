"""Writes the reference: `python -m docs.generate`, or `make docs`."""

from pathlib import Path

from docs.generate import PAGES

if __name__ == "__main__":
    for name, made in PAGES.items():
        (Path(__file__).parents[1] / "reference" / name).write_text(made(), encoding="utf-8")
