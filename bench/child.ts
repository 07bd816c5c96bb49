/**
 * The child's side of a measurement: it answers the questions that `processes.ts` asks.
 *
 * A server tells its CPU time itself: `process.cpuUsage()` counts all of its threads (the garbage
 * collector's too), and nothing of the load's.
 */

/** Answers every message `{ id, ask, ...rest }` by the function named `ask`. */
export function answer(answers: Record<string, (question: never) => unknown>): void {
  process.on("message", (question: { id: number; ask: string }) => {
    const reply = new Promise((resolve) => {
      resolve(answers[question.ask]!(question as never));
    });
    reply.then(
      (value) => process.send!({ id: question.id, value }),
      (error: unknown) => process.send!({ id: question.id, failed: String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
  process.send!({ id: 0 });
}

/** What every server answers. */
export const serverAnswers = {
  /** Microseconds of CPU so far, the kernel's on our behalf among them. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  /** Those of them outside the kernel. */
  userCpu: () => process.cpuUsage().user,

  /** Bytes of the resident set at its largest so far. */
  peakMemory: () => process.resourceUsage().maxRSS * 1024,

  /** Bytes, after the garbage is gone (needs --expose-gc). */
  async memory(): Promise<{ rss: number; heap: number }> {
    for (let i = 0; i < 4; i++) {
      globalThis.gc!();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },
};
