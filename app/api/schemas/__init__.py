"""What delivery and management answer with, as documented in OpenAPI.

Answers are not built from these (documents are stored rendered); tests hold every answer
against them, and nothing beyond them may leave.
"""
