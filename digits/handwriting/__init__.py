"""From a picture file to its digits, each drawn as the models' own training images were.

`pictures` opens the file, `ink` tells the ink from the paper, `components` finds the digits, `normalize` draws them,
`touching` splits two that touch.
"""
