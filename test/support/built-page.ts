/** Builds the page once, before all tests: programs that they start serve it. */
export default async function build(): Promise<void> {
  await import("../../tools/page.ts");
}
