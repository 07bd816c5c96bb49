/**
 * The stream of `/api/feed`: opened while the page is looked at, closed while it is in the
 * background, and opened again after a break, each time a little later.
 */
import { loginNeeded } from "../api.ts";
import { checkSession } from "../session/session.ts";
import { apply, connection, FEED_EVENTS } from "./store.ts";

const FIRST_WAIT_S = 1;
const LONGEST_WAIT_S = 15;

let source: EventSource | null = null;
let ticking: ReturnType<typeof setInterval> | null = null;
let waitS = FIRST_WAIT_S;

/** Follows the visibility of the page from now on. */
export function followFeed(): void {
  document.addEventListener("visibilitychange", follow);
  loginNeeded.subscribe(follow);
}

function follow(): void {
  stopWaiting();
  if (document.hidden || loginNeeded.peek()) {
    close();
    connection.value = { state: document.hidden ? "resting" : "connecting" };
  } else if (source === null) {
    waitS = FIRST_WAIT_S;
    open();
  }
}

function open(): void {
  connection.value = { state: "connecting" };
  const opened = new EventSource("/api/feed");
  source = opened;
  for (const name of FEED_EVENTS) {
    opened.addEventListener(name, (event: MessageEvent<string>) => {
      waitS = FIRST_WAIT_S;
      apply(name, JSON.parse(event.data) as never);
    });
  }
  opened.onerror = () => {
    close();
    // An EventSource does not tell a refusal from a break.
    void checkSession();
    wait();
  };
}

function close(): void {
  source?.close();
  source = null;
}

function wait(): void {
  stopWaiting();
  let seconds = waitS;
  waitS = Math.min(2 * waitS, LONGEST_WAIT_S);
  connection.value = { state: "retrying", seconds };
  ticking = setInterval(() => {
    seconds -= 1;
    if (seconds > 0) {
      connection.value = { state: "retrying", seconds };
      return;
    }
    stopWaiting();
    open();
  }, 1000);
}

function stopWaiting(): void {
  if (ticking !== null) clearInterval(ticking);
  ticking = null;
}
