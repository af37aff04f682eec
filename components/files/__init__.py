"""The file server: one volume for the shared folder and, with storage `nfs`, for all homes."""
