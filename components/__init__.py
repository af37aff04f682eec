"""The gateway. Each folder is one subject; `__main__.py` wires their components.

settings      what an operator writes: models with their rules, loading, errors
cloud         what OpenStack has: connection, survey, flavors, what belongs to this gateway
cluster       MagnumCluster and Nodegroup, the kubeconfig, the remains of interrupted runs
charts        one way to install a Helm chart, drift inside a release, the charts' versions
edge          the way in: ReservedAddress, IngressNginx or IngressTraefik, DnsRecord
homes         the users' volumes, which may outlive the gateway
files         FileServer: an NFS server for the shared folder, and for homes that are folders
images        DesktopImages, built or published
hub           the catalogue of desktops, the hub's values, its storage, JupyterHubRelease
backup        Backup: snapshots of the homes on a schedule, and a home as it was in one of them
seats         room that is kept for users: seats at all times, Workshops
cost          prices of nodes, `gateway:budget`, what is left of the allocation, what was used
certificates  CertManager, and the Certificate that a browser sees
monitoring    Prometheus and Grafana, their rules and dashboards
teardown      the audit of what is left, and the guard against destroying by mistake

`preflight.py` finds every mistake before anything is created, and `check.py` runs it alone. `task.py`
runs the steps that no provider has. `stack.py` reads a stack for what runs without the engine, such as
`restore.py`, which gives users their homes as they were.
A folder imports only from those above it in this list, and from `paths.py`, `site.py`, `stack.py` and
`task.py`.
"""
