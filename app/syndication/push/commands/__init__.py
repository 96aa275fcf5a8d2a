"""The verbs of push: one file each."""
