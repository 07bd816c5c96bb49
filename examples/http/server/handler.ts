/** What is called for a request. */
import type { HttpRequest, Params } from "./http-request.ts";
import type { HttpResponse } from "./http-response.ts";

/**
 * Answers a request, at once or later. What it throws, or rejects with, is 500 before the head is
 * sent (an `HttpError`: its status), and breaks the connection after it. So is a promise that is
 * fulfilled without an answer.
 */
export type Handler<P = Params> = (
  request: HttpRequest<P>,
  response: HttpResponse,
) => void | Promise<void>;
