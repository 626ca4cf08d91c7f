/** The token that the visitor has entered. Kept only here, and sent only in the headers of requests. */

let token: string | null = null;

export const presentedToken = (): string | null => token;

export function present(given: string | null): void {
  token = given;
}

/** Calls `use` with each token that is entered into the form. */
export function onToken(form: HTMLFormElement, field: HTMLInputElement, use: (token: string) => void): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = field.value.trim();
    field.value = "";
    if (given !== "") use(given);
  });
}
