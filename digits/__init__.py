"""A reproducible digit-recognition pipeline with DVC and scikit-learn."""

import time

IMPORT_TIME = time.time()  # the start of this process, for digits/settings/stage.py
