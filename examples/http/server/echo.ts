/** `--echo`: handlers for testers. */
import type { HttpRequest } from "./http-request.ts";
import type { HttpResponse } from "./http-response.ts";

/** Answers the body as it comes, of any length and as fast as the peer reads it. */
export async function echoBody(request: HttpRequest, response: HttpResponse): Promise<void> {
  const { body, fields } = request;
  body.allow(null);
  response.field("Content-Type", fields.get("content-type") ?? "application/octet-stream");
  if (body.length === 0) {
    response.send();
    return;
  }
  const pieces = body[Symbol.asyncIterator]();
  // The first piece before the head: a body that is refused gets another status.
  const first = await pieces.next();
  response.start(body.length ?? undefined);
  for (let piece = first; piece.done !== true; piece = await pieces.next()) {
    await response.write(piece.value);
  }
  response.end();
}

/** Answers the request line and the fields, a line each, as they came. */
export function echoHead({ head }: HttpRequest, response: HttpResponse): void {
  const { method, target, version, fields } = head;
  const lines = [`${method} ${target.raw} HTTP/${version}`];
  for (const [name, value] of fields) lines.push(`${name}: ${value}`);
  response.field("Content-Type", "text/plain; charset=latin1");
  response.send(Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1"));
}
