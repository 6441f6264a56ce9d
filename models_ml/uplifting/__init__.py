"""The parts `models_ml.uplift` is made of."""
