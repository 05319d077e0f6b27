"""Write a report: one HTML page about all models that have been evaluated."""
