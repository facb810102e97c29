"""The systems into which afterbill writes, as fakes at `<inbox_url>connections/<name>/`.

They are written from the contracts of the vendors and share nothing with our own clients. Each keeps what it is told
until the stack goes down, and takes two calls that no vendor has: `GET /_state` and `POST /_fault` (see `kit`).
"""
