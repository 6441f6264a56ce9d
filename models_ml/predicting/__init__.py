"""The parts `models_ml.propensity` is made of."""
