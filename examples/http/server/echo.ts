/** `--echo`: handlers for testers. */
import { HeldBytes } from "../held-bytes.ts";
import type { HttpRequest } from "./http-request.ts";
import type { HttpResponse } from "./http-response.ts";

/** Bytes of a body that is read to its end before anything is answered. */
export const ECHOED_WHOLE_BYTES = 64 * 1024;

/**
 * Answers the body, of any length and as fast as the peer reads it. What is wrong in a small one gets
 * its status, however it was cut; behind the head of an answer it could only break the connection.
 */
export async function echoBody(request: HttpRequest, response: HttpResponse): Promise<void> {
  const { body, fields } = request;
  body.allow(null);
  response.field("Content-Type", fields.get("content-type") ?? "application/octet-stream");
  const first = new HeldBytes();
  for await (const piece of body) {
    if (response.headSent) {
      await response.write(piece);
      continue;
    }
    first.push(piece);
    if (first.length <= ECHOED_WHOLE_BYTES) continue;
    response.start(body.length ?? undefined);
    await response.write(first.take(first.length));
  }
  if (response.headSent) response.end();
  else response.send(first.take(first.length));
}

/** Answers the request line and the fields, a line each, as they came. */
export function echoHead({ head }: HttpRequest, response: HttpResponse): void {
  const { method, target, version, fields } = head;
  const lines = [`${method} ${target.raw} HTTP/${version}`];
  for (const [name, value] of fields) lines.push(`${name}: ${value}`);
  response.field("Content-Type", "text/plain; charset=latin1");
  response.send(Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1"));
}
