/** Where the parts of the console put their handlers. */
import type { Handler } from "../http/server/handler.ts";
import type { ParamsOf } from "../http/server/http-request.ts";

/** An `HttpServer` is one; those of a `Guard` let only those in who may come. */
export interface Routes {
  /** GET and HEAD. */
  get<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): unknown;
  post<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): unknown;
  put<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): unknown;
  delete<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): unknown;
}
