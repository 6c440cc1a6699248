"""Healthy while the node answers on its port: a connection is enough, a stranger gets no further without a certificate."""

import socket
import sys

try:
    socket.create_connection(("127.0.0.1", 7443), timeout=3).close()
except OSError as error:
    sys.exit(str(error))
