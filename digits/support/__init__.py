"""What the stages use that decides no output: parameters' validation, errors, progress, pictures, where tasks run.

No stage depends on this folder, so that a better message reruns nothing. What decides bytes must not come here: a
default value, for example, belongs to the code that uses it.
"""
