// The form that sends a cartridge to the DX7 at the server's port, once a person has typed the words that confirm it.

import { REQUEST_HEADER } from "../constants.js";
import { component } from "../common/component.js";
import { partsOf } from "../common/dom.js";
import { routeAddress } from "../sound/audio_requests.js";

class BankSender {
  constructor(root) {
    this.root = root;
    this.at = partsOf(root);
    this.isSending = false;
    this.at.field.addEventListener("input", () => this.draw());
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.at.send.disabled) this.send();
    });
  }

  update(data) {
    this.data = data;
    this.at.words.textContent = data.confirmation;
    this.draw();
  }

  remove() {}

  draw() {
    this.at.send.disabled = this.isSending || this.at.field.value !== this.data.confirmation;
  }

  async send() {
    this.isSending = true;
    this.draw();
    this.at.outcome.textContent = "Sending; it takes a second and a half.";
    this.at.outcome.textContent = await this.post();
    this.isSending = false;
    this.at.field.value = "";
    this.draw();
  }

  async post() {
    const { voices, confirmation } = this.data;
    try {
      const response = await fetch(routeAddress("instrument/bank"), {
        method: "POST",
        headers: { "Content-Type": "application/json", [REQUEST_HEADER]: "1" },
        body: JSON.stringify({ voices, confirmation, trust_driver: this.at.trust.checked }),
      });
      const { sent, problem } = await response.json();
      this.at.trusting.hidden = !(problem ?? "").includes("driver"); // only the player can know that
      return sent ? "Sent. The 32 memories of the DX7 are this cartridge now." : (problem ?? "It was not sent.");
    } catch {
      return "No DX7 can be reached through this server; save the .syx and load it with a librarian.";
    }
  }
}

export default component(".sendbank", (root) => new BankSender(root));
