// Sends a cartridge to the DX7 at the server's port, once the words that confirm it stand there letter for letter.

class BankSender {
  constructor(root) {
    this.at = Object.fromEntries([root, ...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.at.field.addEventListener("input", () => this.redraw());
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.at.send.disabled) this.send();
    });
  }

  update(data) {
    this.data = data;
    this.at.words.textContent = data.confirmation;
    this.redraw();
  }

  redraw() {
    this.at.send.disabled = this.isSending || this.at.field.value !== this.data.confirmation;
  }

  async send() {
    this.isSending = true;
    this.redraw();
    this.tell("Sending; it takes a second and a half.");
    this.tell(await this.post());
    this.isSending = false;
    this.at.field.value = "";
    this.redraw();
  }

  async post() {
    const { voices, confirmation } = this.data;
    try {
      const answer = await fetch(new URL("instrument/bank", document.baseURI), {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Cartwright": "1" },
        body: JSON.stringify({ voices, confirmation, trust_driver: this.at.trust.checked }),
      });
      const told = await answer.json();
      this.at.trusting.hidden = !(told.problem ?? "").includes("driver"); // what only the player can know
      return told.sent ? "Sent: the 32 memories of the DX7 are this cartridge now." : told.problem ?? "It was not sent.";
    } catch {
      return "No DX7 can be reached through this server; save the .syx and load it with a librarian.";
    }
  }

  tell(words) {
    this.at.said.textContent = words;
  }
}

const senders = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sendbank");
  if (!senders.has(root)) senders.set(root, new BankSender(root));
  senders.get(root).update(data);
}
