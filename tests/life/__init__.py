"""The life cycle of a story: commands, and what readers get after each."""
