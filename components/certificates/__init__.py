"""TLS certificates: cert-manager with its issuer, and the wait until the gateway's certificate is Ready."""
