"""The command line `afterbill` and the local stack: what operators and developers run, never what Lambda runs."""
