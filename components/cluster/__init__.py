"""The Kubernetes cluster: Magnum's cluster, its node groups and its kubeconfig; clearing failed attempts."""
