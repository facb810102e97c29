"""The only boto3 of the project."""

import gc

# Imports and the models of boto3 make objects by the hundred thousand, and nearly all of them stay: with the usual
# threshold (700) a start looks a hundred times for garbage that is not there, which costs it a tenth.
gc.set_threshold(50_000)
