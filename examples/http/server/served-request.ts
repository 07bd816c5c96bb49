/** A request that is being answered. */
import type { SocketAddress } from "iomux";

import type { Fields } from "../fields.ts";
import type { RequestHead } from "../request-head.ts";
import type { HttpRequest, Params } from "./http-request.ts";
import { ServedBody, type BodyHome } from "./served-body.ts";

const NO_PARAMS: Params = Object.freeze({});

/** What a request asks of its connection. */
export interface RequestHome extends BodyHome {
  readonly fd: number;
  readonly remoteAddress: SocketAddress | null;
  readonly secure: boolean;
}

export class ServedRequest implements HttpRequest {
  readonly head: RequestHead;
  params: Params = NO_PARAMS;
  account: { readonly name: string } | null = null;
  readonly #home: RequestHome;
  /** Made when it is asked for, if nothing comes of it. */
  #body: ServedBody | null = null;
  #query: URLSearchParams | null = null;
  #aborter: AbortController | null = null;
  /** Why it was given up, while it was answered. */
  #gone: Error | null = null;

  constructor(home: RequestHome, head: RequestHead) {
    this.#home = home;
    this.head = head;
    if (head.bodyBytes !== 0) this.#body = new ServedBody(home, head);
  }

  get body(): ServedBody {
    this.#body ??= new ServedBody(this.#home, this.head);
    return this.#body;
  }

  /** The body, if something of it is still to come. */
  get coming(): ServedBody | null {
    return this.#body?.isWhole === false ? this.#body : null;
  }

  get method(): string {
    return this.head.method;
  }

  /** Throws a `URIError` if it is not percent-encoded UTF-8; that is found out before handlers run. */
  get path(): string {
    return decodePath(this.head.target.path);
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.head.target.query ?? "");
    return this.#query;
  }

  get fields(): Fields {
    return this.head.fields;
  }

  get host(): string | null {
    return this.head.host;
  }

  get fd(): number {
    return this.#home.fd;
  }

  get remoteAddress(): SocketAddress | null {
    return this.#home.remoteAddress;
  }

  get secure(): boolean {
    return this.#home.secure;
  }

  get signal(): AbortSignal {
    if (this.#aborter === null) {
      this.#aborter = new AbortController();
      if (this.#gone !== null) this.#aborter.abort(this.#gone);
    }
    return this.#aborter.signal;
  }

  /** What `signal.reason` is, or would be. */
  get gone(): Error | null {
    return this.#gone;
  }

  /** Nobody wants the answer any more. */
  giveUp(why: Error): void {
    if (this.#gone !== null) return;
    this.#gone = why;
    this.#aborter?.abort(why);
  }
}

/** Decodes %XX once; what has none is answered as it is. */
function decodePath(path: string): string {
  return path.includes("%") ? decodeURIComponent(path) : path;
}
