"""pyftpdlib for a test: prints its port, serves until it is killed.

python3 pyftpdlib-server.py FOLDER [CERTIFICATE_AND_KEY]

anonymous and ann (password "se cret:@/") may do everything.
"""

import logging
import sys
import warnings

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

folder, *certificate = sys.argv[1:]
logging.basicConfig(level=logging.CRITICAL)
warnings.simplefilter("ignore")  # that anonymous may write
authorizer = DummyAuthorizer()
authorizer.add_anonymous(folder, perm="elradfmwMT")
authorizer.add_user("ann", "se cret:@/", folder, perm="elradfmwMT")
handler = TLS_FTPHandler if certificate else FTPHandler
if certificate:
    handler.certfile = certificate[0]
handler.authorizer = authorizer
handler.auth_failed_timeout = 0
server = FTPServer(("127.0.0.1", 0), handler)
print(server.socket.getsockname()[1], flush=True)
server.serve_forever()
