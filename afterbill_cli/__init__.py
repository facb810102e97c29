"""The command line `afterbill`: what an operator installs and runs."""
