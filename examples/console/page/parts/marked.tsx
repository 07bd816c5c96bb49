import { Fragment, type JSX } from "preact";

/** A text of our own tables; what stands between asterisks is strong. */
export function Marked({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {text
        .split("*")
        .map((part, index) =>
          index % 2 === 1 ? (
            <strong key={index}>{part}</strong>
          ) : (
            <Fragment key={index}>{part}</Fragment>
          ),
        )}
    </>
  );
}
