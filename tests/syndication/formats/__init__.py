"""Pure renderers: valid, well formed whatever the text, and nothing lost."""
