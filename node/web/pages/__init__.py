"""The staff's pages, one file a desk; each has a ``router`` that ``node.web.app`` mounts."""
