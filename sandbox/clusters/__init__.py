"""Kubernetes clusters of the sandbox: Magnum's driver, control planes, kwok nodes and a cloud controller.

The driver (in Magnum's process) writes what a cluster should be into RUN/clusters/<uuid>/cluster.json; the
keeper (a thread there) runs the control plane's processes; the controller (one process a cluster) makes
nodes, load balancers, volumes and certificates, and tells the driver in status.json how far they are.
"""
