/** The flags of the server models. */
import { describe, expect, it } from "vitest";

import { HELP, MODELS, readSettings } from "../../examples/models/flags.ts";

describe("the flags of the server models", () => {
  it("are all models and 1 to 500 clients without any", () => {
    expect(readSettings([])).toEqual({
      ...{ models: MODELS, clients: [1, 10, 100, 500], seconds: 0.8, requests: 20, workers: 100 },
      ...{ out: ".reports/server-models", json: null, quick: false },
    });
  });

  it("choose models and numbers of clients, in order and once each", () => {
    const args = ["--models", "mixed,iterative", "--clients", "8,2,8", "--seconds", "1.5"];
    expect(readSettings(args)).toMatchObject({
      models: ["iterative", "mixed"],
      clients: [2, 8],
      seconds: 1.5,
    });
  });

  it("are few clients and short times for --quick, unless they are given", () => {
    expect(readSettings(["--quick"])).toMatchObject({ clients: [4], seconds: 0.1, quick: true });
    expect(readSettings(["--quick", "--clients", "9"])).toMatchObject({ clients: [9] });
  });

  it("are all in the help", () => {
    expect(readSettings(["--help"])).toBeNull();
    const flags = ["models", "clients", "seconds", "requests", "workers", "out", "json", "quick"];
    for (const flag of flags) expect(HELP).toContain(`--${flag} `);
    for (const model of MODELS) expect(HELP).toContain(model);
    expect(HELP.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([
    [["--models", "select"], '--models has "select": give some of iterative, '],
    [["--models", ""], '--models has "": give some of iterative, '],
    [["--clients", "0"], '--clients has "0": give whole numbers from 1 to 5000'],
    [["--clients", "10,5001"], '--clients has "5001": give whole numbers from 1 to 5000'],
    [["--clients", "1,,2"], '--clients has "": give whole numbers from 1 to 5000'],
    [["--seconds", "0"], '--seconds is "0": give a number over 0, up to 60'],
    [["--seconds", "61"], '--seconds is "61": give a number over 0, up to 60'],
    [["--seconds", "1e1"], '--seconds is "1e1": give a number over 0, up to 60'],
    [["--requests", "0"], '--requests is "0": give a whole number from 1 to 10000'],
    [["--workers", "1001"], '--workers is "1001": give a whole number from 1 to 1000'],
    [["--port", "1"], "Unknown option '--port'"],
    [["extra"], "Unexpected argument 'extra'"],
  ])("say in one line what is wrong with %s", (args, message) => {
    let told = "";
    try {
      readSettings(args);
    } catch (error) {
      told = (error as Error).message;
    }
    expect(told).toContain(message);
    expect(told.split("\n")).toHaveLength(1);
  });
});
