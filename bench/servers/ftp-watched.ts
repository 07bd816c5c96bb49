/** The example's file server, and how long its turns are. */
import { answer, serverAnswers } from "../child.ts";
import { turnAnswers } from "../turn-watch.ts";

// After `turn-watch.ts`. See `ftp-iomux.ts`.
await import("../../examples/file-server.ts");
answer({ ...serverAnswers, ...turnAnswers });
