"""How well search ranks: the measures of information retrieval, for any collection."""
