"""The index of a published set: the recommender for any taste, when it is asked."""
