/** The process that is all the clients. */
import { answerParent, endWithParent, tellParent } from "../child.ts";
import { leave, stay, visit } from "./crowd.ts";

answerParent({ visit, stay, leave });
endWithParent();
tellParent({});
