"""How good predictions are: metrics, calibration and curves."""
