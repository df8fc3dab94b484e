"""A small agency to try the product with, made through the same operations as real work."""
