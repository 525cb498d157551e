"""The exercises of the chapter "Learning distances from pairs", from three negatives to a loss of one's own."""
