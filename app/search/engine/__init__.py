"""The search engine: Tantivy, in the same process, with its index in a local folder."""
