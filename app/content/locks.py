"""Names of the locks that commands take on PostgreSQL."""

# Taken in shared mode to write the ancestors of a story's categories, or to create a category below
# another; taken exclusively to move a category or change its slug.
CATEGORY_TREE = "category-tree"

# Taken to link a story to its translations or to change the language of a linked story: of two
# concurrent changes, both could otherwise become the French version of a story.
TRANSLATIONS = "translations"
