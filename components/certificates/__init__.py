"""TLS certificates: cert-manager with its issuer, and waiting until the gateway's certificate is Ready."""
