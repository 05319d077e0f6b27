"""From a picture file to its digits, each drawn as the models' own training images were, and what a model predicts.

`ink` tells the ink from the paper, `components` finds the digits, `normalize` draws them, `touching` splits two that
touch; `recognizer` asks a model, `reading` reads files with it, `measure` counts its mistakes, `collection` keeps
drawings, `source` makes a dataset of them.
"""
