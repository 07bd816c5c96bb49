/** The example's HTTP server, as a child of a benchmark: its flags are those of the process. */
import { answer, serverAnswers } from "../child.ts";

// A mere `import` of it is left out of the bundle: the package says that it has no side effects.
await import("../../examples/http-server.ts");
answer(serverAnswers);
