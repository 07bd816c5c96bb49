/** A thread of the pool of `mixed.ts`: it calls this for each task. */
export { countPrimes as default } from "../work.ts";
