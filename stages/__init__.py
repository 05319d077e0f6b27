"""The stages of the pipeline, each a script: `python stages/train.py two-logreg`, and in dvc.yaml `-m stages.train`."""

import gc
import sys

if sys.argv[0] == "-m":  # a stage starts: its imports make no garbage to collect, which saves 4 % of a cold `dvc repro`
    gc.disable()  # until `cli.run`
