"""What all stages use: parameters' validation, errors, progress, pictures, where tasks run.

Every stage imports from here, so the folder is a dep of each: an edit runs them all again. What decides a byte belongs
to the code of its stage all the same: a default value, for example, to the code that uses it.
"""
