"""What gates are made of: the engine that evaluates, what accepted runs have left, evidence, and pages to read."""
