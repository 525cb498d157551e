"""The exercises of the chapter "Contrastive learning", from three similarities to a loss for small batches."""
