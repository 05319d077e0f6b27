"""From a picture file to its digits, each drawn as the models' own training images were, and what a model predicts.

`ink` tells the ink from the paper, `components` finds the digits, `normalize` draws them, `touching` splits two that
touch; `recognizer` asks a model, `likeness` tells what is unlike its training images, `reading` reads files, `measure`
counts mistakes, `collection` keeps drawings, `source` makes a dataset of them.
"""
