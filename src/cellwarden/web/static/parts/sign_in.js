// @ts-check
/** The form with which an operator signs in. */
import { html, useEffect, useRef, useState } from "../lib.js";
import { signIn } from "../api.js";

/** @param {{ onClose: () => void, onDone: () => void }} properties */
export function SignIn({ onClose, onDone }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [error, setError] = useState("");
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    signIn(String(form.get("name")), String(form.get("password"))).then(onDone, (cause) => setError(cause.message));
  };
  return html`<dialog ref=${dialog} class="signin" onClose=${onClose} aria-labelledby="signin-title">
    <form onSubmit=${submit}>
      <h2 id="signin-title">Sign in</h2>
      <label>Name<input name="name" autocomplete="username" required maxlength="64" /></label>
      <label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="1024" /></label>
      ${error && html`<p class="error" role="alert">${error}</p>`}
      <div class="buttons"><button type="submit">Sign in</button><button type="button" class="quiet" onClick=${onClose}>Cancel</button></div>
    </form>
  </dialog>`;
}
