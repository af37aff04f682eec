"""The Kubernetes cluster: Magnum's cluster, its node groups, its kubeconfig, and remains of interrupted runs."""
