"""The newsroom: articles, revisions, sources, categories, and the commands that change them."""
