"""Names of problems that several routes of the management side share."""

READING = ("bad_parameter", "bad_cursor")
BODY = ("malformed_json", "unsupported_media_type", "body_too_large", "invalid_input")
CHANGING = ("not_found", "version_required", "version_mismatch", "conflict", "database_busy")
NAMES = ("slug_taken", "external_id_taken", "wrong_state")
ONCE = ("idempotency_running", "idempotency_mismatch")
VERB_HEADERS = ("If-Match", "Idempotency-Key")
