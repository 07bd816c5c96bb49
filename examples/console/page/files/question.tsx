import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";

/** A question above everything else. Escape says no. */
export function Question({
  text,
  yes,
  no,
  onAnswer,
}: {
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  readonly onAnswer: (answer: boolean) => void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const answer = (given: boolean): void => {
    // A dialog that is closed gives the focus back; one that only goes away does not.
    dialog.current?.close();
    onAnswer(given);
  };
  return (
    <dialog
      ref={dialog}
      class="question card"
      aria-label={text}
      onCancel={(event) => {
        event.preventDefault();
        answer(false);
      }}
    >
      <p>{text}</p>
      <div>
        <button type="button" autofocus onClick={() => answer(false)}>
          {no}
        </button>
        <button type="button" class="main" onClick={() => answer(true)}>
          {yes}
        </button>
      </div>
    </dialog>
  );
}
