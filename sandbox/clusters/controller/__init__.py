"""The cloud controller: one process for each cluster, with a part for each concern."""
