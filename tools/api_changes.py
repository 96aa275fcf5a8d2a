"""Merge the dated fragments of contract changes into one page: `make api-changes`."""

from pathlib import Path

_DOCS = Path(__file__).resolve().parents[1] / "docs"
FRAGMENTS, PAGE = _DOCS / "api-changes", _DOCS / "api-changes.md"
_DATE_LENGTH = len("2026-11-30")
_INTRODUCTION = """# API changes

Changes of the HTTP contract, the newest first. The level of the API is the date of the last change.
`/` has it as `api_level`, and the OpenAPI document as `info.version`. [Upgrades](upgrades.md)
states what an update may change.

This page is made by `make api-changes` from the fragments in `docs/api-changes/`.
[CONTRIBUTING](../CONTRIBUTING.md) explains how to add one.
"""


def page() -> str:
    """Return the page, with a section for each fragment."""
    fragments = sorted(FRAGMENTS.glob("*.md"), reverse=True)
    return "\n".join([_INTRODUCTION, *map(_section, fragments)])


def _section(fragment: Path) -> str:
    """Return a fragment as a section, whose heading begins with the date of the file's name."""
    title, _, text = fragment.read_text(encoding="utf-8").partition("\n")
    return f"## {fragment.name[:_DATE_LENGTH]}: {title.removeprefix('# ')}\n{text}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
