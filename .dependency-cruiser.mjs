// The import layers of docs/architecture.md, checked by `npm run layers`. Arrows point down only.

const LAYER_0 = [
  "^src/(mask|errors|limits|address|datagram-address|datagram-options|signal-names|arguments|call-place)\\.ts$",
  "^src/bytes/",
];
const LAYER_1 = [
  "^src/(descriptor|hosted-descriptor|diagnostics|network|clock|host|registration|registry|map-view|ready-set|timers|budget|channel|channel-errors|watched-channel|channel-output|channel-state|securing|handshakes|tls|closed|hand-over|listener|datagram|datagram-errors|messages|signals)\\.ts$",
];
const LAYER_2 = ["^src/reactor\\.ts$", "^src/reactor/"];
const LAYER_3 = ["^src/(node|testing|server)/"];
const ENTRY = "^src/index\\.ts$";

const upToLayer1 = [...LAYER_0, ...LAYER_1];
const upToLayer2 = [...upToLayer1, ...LAYER_2];
const everyLayer = [...upToLayer2, ...LAYER_3, ENTRY];

const builtin = (names) => `^(node:)?(${names})(/|$)`;
const NETWORK_MODULES = builtin("net|tls|dgram|dns|fs|child_process|http|https|http2");

// Files below examples/<protocol>/ that may touch the reactor or the file system.
const PROTOCOL_EXCEPTIONS = [
  "^examples/chat/(server|server-options|guests|telling|operator-notes|terminal)\\.ts$",
  "^examples/(console|one-loop)/[^/]+\\.ts$",
  "^examples/program/(program|ending|log-file|certificate|complaint|typed-lines)\\.ts$",
  "^examples/chat/client-connection\\.ts$",
  "^examples/files/(disk-[a-z]+|upload-owner|served-folder)\\.ts$",
  "^examples/accounts/accounts\\.ts$",
  "^examples/ftp/server/",
  "^examples/http/server/",
  "^examples/http/(server|files)/",
  "^examples/udp/(wire|tickets|datagram-server|datagram-client)\\.ts$",
  "^examples/models/(servers|load)/",
  "^examples/models/(work|programs|process-tree|cost-process)\\.ts$",
  // It frames as the library does.
  "^examples/models/protocol\\.ts$",
  "^examples/ftp/client/(local-folder|pipe|interactive)\\.ts$",
  "^examples/ftp/client/(control-connection|data-connection|session|ftp-client)\\.ts$",
  "^examples/ftp/client/(file-transfer|download|upload|credentials|dial|one-shot)\\.ts$",
  "^examples/bus/(driver|conductor)\\.ts$",
  "^examples/records/(reading|receiver|sender)\\.ts$",
  "^examples/readiness/(ways|stage|stations|net-peer|nc-peer)\\.ts$",
];

const forbid = (name, comment, from, to) => ({ name, severity: "error", comment, from, to });
const inSource = { path: "^src/" };

export default {
  forbidden: [
    forbid(
      "layer-0-imports-layer-0",
      "mask, errors, limits, address, signal-names, arguments and bytes/ know nothing above themselves",
      { path: LAYER_0 },
      { path: "^src/", pathNot: LAYER_0 },
    ),
    forbid(
      "layer-1-imports-down",
      "the tables and interfaces do not know the reactor or a network",
      { path: LAYER_1 },
      { path: "^src/", pathNot: upToLayer1 },
    ),
    forbid(
      "layer-2-imports-down",
      "the reactor does not know a network",
      { path: LAYER_2 },
      { path: "^src/", pathNot: upToLayer2 },
    ),
    forbid(
      "layer-3-imports-down",
      "node, testing and server do not know each other",
      { path: "^src/(node|server)/" },
      { path: "^src/", pathNot: [...upToLayer2, "^src/$1/"] },
    ),
    forbid(
      "testing-imports-by-name",
      'src/testing has nothing but itself and the package\'s own name, "iomux"; it watches Node, and shows values',
      { path: "^src/testing/" },
      {
        pathNot: ["^src/testing/", ENTRY, builtin("async_hooks"), builtin("util")],
        dependencyTypesNot: ["type-only"],
      },
    ),
    forbid(
      "testing-types-by-name",
      'src/testing takes the core\'s types from "iomux" too',
      { path: "^src/testing/" },
      { path: "^src/", pathNot: ["^src/testing/", ENTRY] },
    ),
    forbid(
      "no-entry-by-path",
      'nothing imports src/index.ts but by the package\'s own name, "iomux"',
      {},
      { path: [ENTRY, "^src/testing/index\\.ts$"], dependencyTypes: ["local"] },
    ),
    forbid(
      "core-not-by-name",
      "below the entry, only src/testing says iomux",
      { path: "^src/", pathNot: "^src/testing/" },
      { path: ENTRY },
    ),
    forbid(
      "no-testing-in-entry",
      "iomux/testing is an entry of its own",
      { path: ENTRY },
      {
        path: "^src/testing/",
      },
    ),
    forbid(
      "every-file-has-a-layer",
      "a new file of src/ is added to a layer in .dependency-cruiser.mjs",
      {},
      { path: "^src/", pathNot: everyLayer },
    ),
    forbid(
      "every-file-has-a-layer-from",
      "a new file of src/ is added to a layer in .dependency-cruiser.mjs",
      { path: "^src/", pathNot: everyLayer },
      {},
    ),
    forbid(
      "network-modules-in-node-only",
      "only src/node/ imports Node's network modules; types may be named anywhere",
      { path: "^src/", pathNot: "^src/node/" },
      { path: NETWORK_MODULES, dependencyTypesNot: ["type-only"] },
    ),
    forbid("no-dependencies", "the library has no runtime dependencies", inSource, {
      pathNot: "^src/",
      dependencyTypesNot: ["core"],
    }),
    forbid("nothing-outside-source", "the library stands alone", inSource, {
      path: "^(test|examples|bench|tools)/",
    }),
    forbid(
      "no-runtime-cycle",
      "types may refer to each other; values may not",
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    ),
    forbid(
      "protocols-without-io",
      "a protocol is bytes in, events out: no sockets, no files, no reactor",
      { path: "^examples/[^/]+/", pathNot: PROTOCOL_EXCEPTIONS },
      { path: [NETWORK_MODULES, "^src/"] },
    ),
    forbid(
      "file-protocol-alone",
      "the protocol of the file server knows neither its server nor, but for types, files and accounts",
      { path: "^examples/ftp/[^/]+\\.ts$" },
      {
        path: "^examples/(ftp/server|files|accounts)/",
        pathNot: "^examples/files/path-limits\\.ts$",
        dependencyTypesNot: ["type-only"],
      },
    ),
    forbid(
      "http-protocol-alone",
      "the protocol of the HTTP server knows neither its server nor its files",
      { path: "^examples/http/[^/]+\\.ts$" },
      { path: "^examples/(http/(server|files)|files|accounts)/" },
    ),
    forbid(
      "protocols-apart",
      "the file server and the HTTP server do not know each other",
      { path: "^examples/(ftp|http)/" },
      { path: "^examples/(ftp|http)/", pathNot: "^examples/$1/" },
    ),
    forbid(
      "files-know-no-server",
      "the library of files knows nobody who serves it, nor who may see it",
      { path: "^examples/files/" },
      { path: "^examples/", pathNot: "^examples/files/" },
    ),
    forbid(
      "accounts-know-no-server",
      "accounts know the library of files, and nobody who lets them in",
      { path: "^examples/accounts/" },
      { path: "^examples/", pathNot: "^examples/(accounts|files|program)/" },
    ),
    forbid(
      "program-knows-no-server",
      "what all programs have in common knows none of them",
      { path: "^examples/program/" },
      { path: "^examples/", pathNot: "^examples/program/" },
    ),
    forbid(
      "library-by-name",
      'examples and benchmarks import the library as its users do: "iomux", "iomux/testing"',
      { path: "^(examples|bench)/" },
      { path: "^src/", dependencyTypes: ["local"] },
    ),
    forbid(
      "page-alone",
      "the page runs in a browser: of the rest it has types only, and libraries for browsers",
      { path: "^examples/console/page/" },
      {
        pathNot: ["^examples/console/page/", "(^|/)node_modules/(preact|@preact/signals|uplot)/"],
        dependencyTypesNot: ["type-only"],
      },
    ),
    forbid(
      "page-by-itself",
      "what runs in Node takes nothing of the page; tests take what needs no browser",
      { path: "^(src|examples|bench)/", pathNot: "^examples/console/page/" },
      { path: "^examples/console/page/" },
    ),
    forbid("unresolvable", "this import leads nowhere", {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: ["node_modules", "^dist/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["iomux-source", "import", "require", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
