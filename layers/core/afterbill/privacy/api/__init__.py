"""The bodies and problems of privacy requests in the API."""
