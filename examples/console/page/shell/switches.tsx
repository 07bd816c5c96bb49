/** Language, theme, and who is logged in. */
import type { JSX } from "preact";

import { account, logOut } from "../session/session.ts";
import { chooseLanguage, language, useTexts } from "../texts/texts.ts";
import { chooseTheme, theme, THEMES, type Theme } from "../theme.ts";

export function Switches(): JSX.Element {
  const { shell } = useTexts();
  const other = language.value === "en" ? "zh" : "en";
  return (
    <div class="switches">
      {account.value === null ? null : (
        <>
          <span class="account">{shell.loggedInAs(account.value)}</span>
          <button type="button" onClick={() => void logOut()}>
            {shell.logOut}
          </button>
        </>
      )}
      <button
        type="button"
        lang={other === "zh" ? "zh-Hans" : "en"}
        onClick={() => chooseLanguage(other)}
      >
        {other === "zh" ? "中文" : "English"}
      </button>
      <label>
        <span class="unseen">{shell.theme}</span>
        <select
          value={theme.value}
          onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}
        >
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {shell.themes[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
