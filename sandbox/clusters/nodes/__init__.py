"""Real nodes: for each a namespace of its own, with containerd, kubelet and kube-proxy in it.

A cluster with real nodes has a network namespace for its control plane (network.py); its nodes are plugged
into a bridge there. A node (node.py) is one process on this machine, the init of a PID namespace (init.py):
when it ends, the kernel ends everything in the node, and its mounts, interfaces and pods are gone with it.
Only its control groups have to be removed (host.py). kubelets.py says which machines of a cluster are such
nodes, and keeps them running.
"""
