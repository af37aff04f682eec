"""Prometheus and Grafana: what they watch and show, and when somebody is told."""
