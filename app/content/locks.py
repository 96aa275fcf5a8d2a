"""Names of the locks that the newsroom's verbs take on PostgreSQL."""

# Taken shared by whoever writes the ancestors of a story's categories down, and alone by
# whoever moves a category.
CATEGORY_TREE = "category-tree"
