"""The quality of the search: measures of information retrieval, for any collection."""
