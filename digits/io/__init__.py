"""How files are read and written: a dep of every stage, because all of it decides bytes."""
