"""pyftpdlib as its tutorial starts it: anonymous may read and write, transfers are not logged.

python3 ftp-pyftpdlib.py PORT FOLDER
"""

import logging
import sys
import warnings

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

port, folder = sys.argv[1:]
logging.basicConfig(level=logging.WARNING)
warnings.simplefilter("ignore")  # that anonymous may write
authorizer = DummyAuthorizer()
authorizer.add_anonymous(folder, perm="elrmwMT")
FTPHandler.authorizer = authorizer
# Else it asks for any port that is free, and there is none after so many connections.
FTPHandler.passive_ports = range(10000, 30000)
server = FTPServer(("127.0.0.1", int(port)), FTPHandler)
server.max_cons = 1024
server.serve_forever()
