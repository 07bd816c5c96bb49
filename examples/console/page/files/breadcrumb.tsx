import type { JSX } from "preact";

import { shownName } from "../format/names.ts";
import { hashOf } from "../route.ts";
import { useTexts } from "../texts/texts.ts";
import { folder } from "./folder-state.ts";
import { encoded } from "./paths.ts";

/** The way to the folder; each part leads to it. */
export function Breadcrumb(): JSX.Element {
  const { files } = useTexts();
  const names = folder.value;
  return (
    <nav class="breadcrumb" aria-label={files.folders}>
      <ol>
        {["", ...names].map((name, depth) => (
          <li key={depth}>
            <a
              href={hashOf("files", encoded(names.slice(0, depth)))}
              aria-current={depth === names.length ? "page" : undefined}
            >
              <bdi>{depth === 0 ? files.root : shownName(name)}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
