"""The end of a gateway: the audit of what is left in the cloud, and the guard that refuses a destruction."""
