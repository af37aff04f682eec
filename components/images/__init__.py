"""The images of notebooks and desktops: built here or published, and the login to where they are."""
