/** How an operation on the key is getting on: step, count, and what the user has to do meanwhile. */

import {h} from "./dom.js";
import {t} from "./i18n.js";
import {notice} from "./ui.js";

/** @typedef {import("/sdk/ukeyd.js").Operation} Operation */

/** What the user has to know in each state of the operation.
 * @type {Record<string, () => HTMLElement>} */
const notes = {
    running: () => h("p", {}, t("agent.keep")),
    "waiting-user": () => notice("warn", h("p", {}, t("agent.window"))),
    "waiting-platform": () => h("p", {}, t("agent.platform")),
};

/** What the dialog shows while the agent works. */
export class Progress {
    /** @param {string} title */
    constructor(title) {
        this.bar = h("progress", {"aria-label": title});
        this.step = h("p", {class: "step strong"});
        this.count = h("p", {class: "count"});
        this.note = h("div");
        this.element = h(
            "div",
            {class: "progress"},
            h("div", {role: "status", "aria-live": "polite"}, this.step, this.note),
            this.bar,
            this.count,
        );
    }

    /** @param {string} text */
    say(text) {
        this.step.textContent = text;
        this.note.dataset.state = "";
        this.note.replaceChildren();
    }

    /** @param {Operation} operation */
    follow(operation) {
        const {index, count, title} = operation.step;
        if (this.step.textContent !== title) this.step.textContent = title;
        this.count.textContent = t("agent.step", {index, count});
        this.bar.max = count;
        this.bar.value = Math.max(0, index - 1);
        this.#explain(operation.state);
    }

    /** @param {string} state */
    #explain(state) {
        if (this.note.dataset.state === state) return;
        this.note.dataset.state = state;
        this.note.replaceChildren(notes[state]?.() ?? "");
    }
}
