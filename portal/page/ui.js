/** The small parts that all views are made of. */

import {Refusal} from "./api.js";
import {freshId, h, icon} from "./dom.js";
import {t} from "./i18n.js";

/** @typedef {import("./dom.js").Child} Child */

/** What went wrong, as a refusal has it. The agent's errors have the same members.
 * @typedef {{code: string, title: string, detail?: string, remedy?: string}} Problem */

/**
 * @param {unknown} thrown
 * @returns {Problem}
 */
export function problemOf(thrown) {
    if (thrown instanceof Refusal) return thrown;
    const maybe = /** @type {any} */ (thrown);
    if (maybe && typeof maybe.code === "string" && typeof maybe.title === "string") return maybe;
    return {
        code: "page",
        title: t("error.page"),
        detail: String(maybe?.message ?? thrown),
        remedy: t("error.page.remedy"),
    };
}

/**
 * A button whose work runs once, however often it is clicked; its failure is told in a message.
 * @param {object} options
 * @param {string} options.label
 * @param {(event: Event) => unknown} options.act
 * @param {string} [options.kind] classes: primary, plain, quiet or danger, and small
 * @param {import("./dom.js").IconName} [options.symbol]
 * @param {boolean} [options.disabled]
 * @param {string} [options.hint] a title, as why it is disabled
 * @param {string} [options.name] for screen readers, where the label alone is not enough
 * @param {(problem: Problem) => void} [options.failed]
 */
export function button(options) {
    const element = h(
        "button",
        {
            type: "button",
            class: `button ${options.kind ?? "plain"}`,
            disabled: options.disabled,
            title: options.hint,
            "aria-label": options.name,
        },
        options.symbol && icon(options.symbol),
        h("span", {}, options.label),
    );
    element.addEventListener("click", (event) =>
        once(element, () => options.act(event), options.failed),
    );
    return element;
}

/**
 * Runs an element's work unless it is running already.
 * @param {HTMLElement} element
 * @param {() => unknown} act
 * @param {(problem: Problem) => void} [failed]
 */
export async function once(element, act, failed = tellProblem) {
    if (element.getAttribute("aria-busy") === "true") return;
    element.setAttribute("aria-busy", "true");
    element.setAttribute("aria-disabled", "true");
    try {
        await act();
    } catch (thrown) {
        failed(problemOf(thrown));
    } finally {
        element.removeAttribute("aria-busy");
        element.removeAttribute("aria-disabled");
    }
}

/**
 * @param {string} href
 * @param {string} label
 * @param {{kind?: string, symbol?: import("./dom.js").IconName, name?: string, download?: boolean}} [options]
 */
export function linkButton(href, label, options = {}) {
    return h(
        "a",
        {
            href,
            class: `button ${options.kind ?? "plain"}`,
            "aria-label": options.name,
            download: options.download,
        },
        options.symbol && icon(options.symbol),
        h("span", {}, label),
    );
}

/**
 * A numbered part of a page, as 01 订单信息.
 * @param {string | null} number
 * @param {string} title
 * @param {...(Child | Child[])} children
 */
export function panel(number, title, ...children) {
    const id = freshId();
    return h(
        "section",
        {class: "panel", "aria-labelledby": id},
        h("h2", {id}, number !== null && h("span", {class: "number"}, number), title),
        ...children,
    );
}

/**
 * @param {"good" | "wait" | "bad" | "idle"} kind
 * @param {string} text
 */
export function pill(kind, text) {
    return h("span", {class: `pill ${kind}`}, text);
}

/**
 * @param {"info" | "good" | "warn" | "bad"} kind
 * @param {...(Child | Child[])} children
 */
export function notice(kind, ...children) {
    const symbol = kind === "good" ? "check" : kind === "info" ? "info" : "alert";
    return h("div", {class: `notice ${kind}`}, icon(symbol), h("div", {}, ...children));
}

/**
 * A problem in full: what happened, what to do, and the facts for support.
 * @param {Problem} problem
 * @param {...(Child | Child[])} more
 */
export function problemNotice(problem, ...more) {
    const shown = notice(
        "bad",
        h("p", {class: "strong"}, problem.title),
        problem.remedy && h("p", {}, problem.remedy),
        problem.detail && h("p", {class: "detail"}, problem.detail),
        h("p", {class: "code"}, t("error.code", {code: problem.code})),
        ...more,
    );
    shown.setAttribute("role", "alert");
    return shown;
}

/**
 * Pairs of label and value.
 * @param {Array<[string, Child]>} pairs
 */
export function facts(pairs) {
    return h(
        "dl",
        {class: "facts"},
        pairs.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value || "–"))),
    );
}

const messages = h("div", {class: "messages", role: "status", "aria-live": "polite"});

/** Where messages appear; stands in the shell. */
export function messageArea() {
    return messages;
}

/**
 * @param {HTMLElement} shown
 * @param {number} milliseconds
 */
function show(shown, milliseconds) {
    const close = h(
        "button",
        {type: "button", class: "close", "aria-label": t("close"), click: () => shown.remove()},
        icon("close"),
    );
    shown.append(close);
    messages.replaceChildren(shown);
    if (milliseconds > 0) setTimeout(() => shown.remove(), milliseconds);
}

/** Long enough to read a line twice. */
const MESSAGE_MS = 6000;

/** @param {string} text */
export function tell(text) {
    show(notice("good", h("p", {}, text)), MESSAGE_MS);
}

/** Stays until it is closed.
 * @param {HTMLElement} shown */
export function say(shown) {
    show(shown, 0);
}

/** Stays until it is closed.
 * @param {Problem} problem */
export function tellProblem(problem) {
    show(problemNotice(problem), 0);
}

export function clearMessages() {
    messages.replaceChildren();
}

/**
 * The head of a page: its title, which gets the focus when the page is entered, and what stands beside it.
 * @param {string} title
 * @param {...(Child | Child[])} beside
 */
export function head(title, ...beside) {
    return h("div", {class: "head"}, h("h1", {tabindex: "-1"}, title), ...beside);
}

/**
 * @param {Array<{href: string, label: string, current: boolean}>} items
 * @param {string} label
 */
export function tabs(items, label) {
    return h(
        "nav",
        {class: "tabs", "aria-label": label},
        items.map((item) =>
            h("a", {href: item.href, "aria-current": item.current && "page"}, item.label),
        ),
    );
}
