"""The search engine in the same process: Tantivy, in a folder of this machine."""
