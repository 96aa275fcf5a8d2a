"""What can go wrong with an index."""

from app.kit.errors import Failure


class IndexUnusable(Failure):
    """The index is missing, broken, of another version, or cannot be written to."""

    code = "index_unusable"
