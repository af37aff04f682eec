"""A small, honest stand-in for Nova, Glance, Neutron, Octavia and Cinder, and for Jetstream2's accounting.

It keeps what clients make (servers, addresses, load balancers, volumes), holds to quotas and projects, and
asks Keystone about each token. Nothing is behind it: no machine boots, no packet flows. What it does not know
is answered with 404 or 400, never with a success.
"""
