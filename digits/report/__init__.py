"""The report: one HTML page of everything that has been evaluated."""
