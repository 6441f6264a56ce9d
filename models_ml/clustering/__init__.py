"""The parts `models_ml.clusters` is made of."""
