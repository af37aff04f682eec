"""The way into the gateway: a reserved address, the ingress that listens there, and the DNS record."""
