"""Text analysis: folding, tokenizing, stop words and stemming.

The index stores words as they are written, only folded: lower case, no accents, one form of each
Arabic letter. Stems are computed when a query is compiled, not when a story is indexed.
"""
