import * as core from "iomux";
import * as inspecting from "iomux/inspect";
import * as testing from "iomux/testing";
import checkEntries from "./entries.cjs";

await checkEntries(core, testing, inspecting);
