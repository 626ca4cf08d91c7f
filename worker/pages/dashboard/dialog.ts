/** Asks for confirmation before an order, shows its outcome, and returns the focus. */
import { byId, onPress, setEnabled, setText } from "./dom.ts";

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export interface Question {
  readonly title: string;
  /** Paragraphs that say what will happen. */
  readonly text: readonly string[];
  /** The options of the select field, in their order. */
  readonly choices?: readonly Choice[];
  /** Shows a field for a reason, which the history keeps. */
  readonly asksReason?: boolean;
  readonly action: string;
  /** The title after success. */
  readonly done: string;
  readonly busy: string;
  /** Resolves with the outcome. After a rejection the dialog shows the error, and the operator may try again. */
  run(given: Given): Promise<string>;
}

export interface Given {
  readonly choice: string;
  readonly reason: string;
}

export class Dialog {
  readonly #dialog = byId("dialog", HTMLDialogElement);
  readonly #form = byId("dialog-form", HTMLFormElement);
  readonly #text = byId("dialog-text", HTMLElement);
  readonly #choice = byId("dialog-choice", HTMLSelectElement);
  readonly #reason = byId("dialog-reason", HTMLInputElement);
  readonly #outcome = byId("dialog-outcome", HTMLElement);
  readonly #action = byId("dialog-action", HTMLButtonElement);
  readonly #cancel = byId("dialog-cancel", HTMLButtonElement);
  readonly #explain: (error: unknown) => string;
  #question: Question | undefined;
  #tell: (outcome: string) => void = () => undefined;

  /** `explain` returns the text for an error, with the remedy. */
  constructor(explain: (error: unknown) => string) {
    this.#explain = explain;
    onPress(this.#cancel, () => this.#dialog.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#action.ariaDisabled !== "true") void this.#act();
    });
  }

  /** `tell` gets the outcome, even if the dialog was closed before. */
  ask(question: Question, tell: (outcome: string) => void): void {
    this.#question = question;
    this.#tell = tell;
    const { title, text, choices = [], asksReason = false, action } = question;
    setText(byId("dialog-title", HTMLElement), title);
    this.#text.replaceChildren(...text.map(paragraph));
    this.#choice.replaceChildren(...choices.map(({ value, label }) => new Option(label, value)));
    byId("dialog-choice-field", HTMLElement).hidden = choices.length === 0;
    byId("dialog-reason-field", HTMLElement).hidden = !asksReason;
    this.#reason.value = "";
    this.#say("", "");
    setText(this.#action, action);
    setText(this.#cancel, "Cancel");
    this.#action.hidden = false;
    setEnabled(this.#action, true);
    this.#dialog.showModal();
    (choices.length > 0 ? this.#choice : this.#cancel).focus();
  }

  async #act(): Promise<void> {
    const question = this.#question;
    const tell = this.#tell;
    if (!question) return;
    const isStillAsked = (): boolean => this.#dialog.open && this.#question === question;
    setEnabled(this.#action, false);
    this.#say("busy", question.busy);
    try {
      const outcome = await question.run({ choice: this.#choice.value, reason: this.#reason.value.trim() });
      tell(outcome);
      if (isStillAsked()) this.#done(question.done, outcome);
    } catch (error) {
      const why = this.#explain(error);
      tell(why);
      if (!isStillAsked()) return;
      this.#say("failed", why);
      setEnabled(this.#action, true);
    }
  }

  #done(title: string, outcome: string): void {
    setText(byId("dialog-title", HTMLElement), title);
    this.#say("done", outcome);
    for (const id of ["dialog-choice-field", "dialog-reason-field"]) byId(id, HTMLElement).hidden = true;
    this.#text.replaceChildren();
    setText(this.#cancel, "Close");
    this.#cancel.focus();
    this.#action.hidden = true;
  }

  #say(kind: "" | "busy" | "done" | "failed", text: string): void {
    this.#outcome.dataset["kind"] = kind;
    setText(this.#outcome, text);
  }
}

function paragraph(text: string): HTMLElement {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}
