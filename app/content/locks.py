"""Names of the locks that the newsroom's verbs take on PostgreSQL."""

# Taken shared by whoever writes the ancestors of a story's categories down or tells of a new
# category under another, and alone by whoever moves a category or gives it another slug.
CATEGORY_TREE = "category-tree"

# Taken by whoever ties a story to others as their translation, or changes a tied one's language:
# two at once must not both become the French of one story.
TRANSLATIONS = "translations"
