"""Words in the form in which they are compared, and which words of a language belong together.

The engine keeps words as they stand in a text, only folded: small letters, no accents, one form
of each Arabic letter. Stems are looked at when somebody searches, not when a story is written.
"""
