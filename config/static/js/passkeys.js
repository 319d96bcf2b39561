// Passkeys: a form that asks the device before it is sent. The options come with the form, or from the form's address.

const { PublicKeyCredential } = window;
const bareAddress = /^[\d.]+$|:/.test(location.hostname); // passkeys belong to a name
const known = Boolean(PublicKeyCredential?.parseCreationOptionsFromJSON) && !bareAddress;

async function ask(form) {
  const text = form.dataset.options || (await (await fetch(form.action, { headers: { Accept: "application/json" } })).text());
  const said = JSON.parse(text);
  const options = (said.request_options || said.creation_options || said).publicKey;
  if (form.dataset.passkey === "get") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  }
  // One that the device finds by itself, where it can keep such: it then logs in without a password or a name.
  const selection = { ...options.authenticatorSelection, residentKey: "preferred", requireResidentKey: false };
  return navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON({ ...options, authenticatorSelection: selection }),
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const say = (what, shown) => {
    form.querySelector(`[data-passkey-${what}]`).hidden = !shown;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("unknown", !known);
    say("failed", false);
    if (!known) return;
    try {
      form.elements.credential.value = JSON.stringify(await ask(form));
    } catch (error) {
      say(error.name === "SecurityError" ? "unknown" : "failed", true);
      return;
    }
    form.submit();
  });
}
