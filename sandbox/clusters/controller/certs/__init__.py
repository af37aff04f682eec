"""Plays cert-manager: issuers, orders and certificates, for ingresses and by themselves."""
