// Loaded before a program of the documents. They say port 9000; here it is a free port, which is
// told on descriptor 3, and for a client the port of the test's own server. Port 8080, of a page that
// they show, is any that is free: the program says which.

import { writeSync } from "node:fs";
import dgram from "node:dgram";
import net from "node:net";

const SAID = 9000;
const PAGE = 8080;
let ours = Number(process.env.DOCS_PEER_PORT);

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (where, ...rest) {
  const port = typeof where === "object" ? where.port : where;
  if (port === PAGE) return listen.call(this, { ...where, port: 0 }, ...rest);
  if (port !== SAID) return listen.call(this, where, ...rest);
  this.once("listening", () => {
    ours = this.address().port;
    writeSync(3, `${ours}\n`);
  });
  return listen.call(this, typeof where === "object" ? { ...where, port: 0 } : 0, ...rest);
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...given) {
  // net.connect() hands its arguments over as one array.
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  if (options.port === SAID) options.port = ours;
  return connect.apply(this, given);
};

const { bind } = dgram.Socket.prototype;
dgram.Socket.prototype.bind = function (port, ...rest) {
  if (port !== SAID) return bind.call(this, port, ...rest);
  this.once("listening", () => {
    ours = this.address().port;
    writeSync(3, `${ours}\n`);
  });
  return bind.call(this, 0, ...rest);
};
