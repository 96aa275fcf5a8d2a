"""The verbs of a story's life, and what readers get after each."""
