"""Pure renderers: valid, well formed for any text, and without loss."""
