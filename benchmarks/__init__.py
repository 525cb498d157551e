"""Side-by-side timings: every loss against torch's own, and the factored output layer against plain ones."""
