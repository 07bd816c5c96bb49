/**
 * The child's side of the processes that are measured: it says when it is ready, answers questions,
 * and ends when its parent does, whatever that died of.
 */

/** What a parent asks: `{ id, ask, ...rest }`. */
interface Asked {
  readonly id: number;
  readonly ask: string;
}

/** Tells the parent that it is ready. One that is gone hears nothing. */
export function tellParent(ready: Readonly<Record<string, unknown>>): void {
  send(ready);
}

function send(message: object): void {
  // With a callback a closed channel is told to it, and is no event that ends the process.
  process.send!(message, undefined, undefined, () => undefined);
}

/** Answers every question by the function that has its name. */
export function answerParent(answers: Record<string, (question: never) => unknown>): void {
  process.on("message", (question: Asked) => {
    const { id } = question;
    const answered = new Promise((resolve) => {
      resolve(answers[question.ask]!(question as never));
    });
    answered.then(
      (value) => {
        send({ id, value });
      },
      (error: unknown) => {
        send({ id, failed: (error as Error).message });
      },
    );
  });
}

/**
 * `end` is to leave no child of its own: who is not waited for stays a zombie if nobody adopts it.
 * Ctrl-C reaches all processes of a terminal; that this one ends is its parent's decision.
 */
export function endWithParent(end: () => Promise<void> = () => Promise.resolve()): void {
  process.on("SIGINT", () => undefined);
  const leave = (): void => {
    void end().finally(() => process.exit());
  };
  if (process.connected) process.once("disconnect", leave);
  else leave();
}
