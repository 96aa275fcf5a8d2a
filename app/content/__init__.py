"""The newsroom: articles, revisions, sources, categories, and the verbs of editing."""
