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
  return (
    <dialog
      ref={dialog}
      class="question card"
      aria-label={text}
      onCancel={(event) => {
        event.preventDefault();
        onAnswer(false);
      }}
    >
      <p>{text}</p>
      <div>
        <button type="button" autofocus onClick={() => onAnswer(false)}>
          {no}
        </button>
        <button type="button" class="main" onClick={() => onAnswer(true)}>
          {yes}
        </button>
      </div>
    </dialog>
  );
}
