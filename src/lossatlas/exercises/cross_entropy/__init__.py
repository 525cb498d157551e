"""The exercises of the chapter "Cross-entropy and its relatives", from three logits to a loss of one's own."""
