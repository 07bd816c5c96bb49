import { render } from "preact";

import { followFeed } from "./feed/feed-stream.ts";
import { followRoute } from "./route.ts";
import { checkSession } from "./session/session.ts";
import { Shell } from "./shell/shell.tsx";

followRoute();
void checkSession();
followFeed();
render(<Shell />, document.getElementById("app")!);
