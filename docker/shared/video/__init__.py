"""Sends the part of an X display that moves as a video, beside VNC; docs/adr/0012-video.md."""
