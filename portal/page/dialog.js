/** Dialogs: the browser's own, so that focus, Escape and what lies behind are in good hands. */

import {freshId, h, icon} from "./dom.js";
import {field, validate, values} from "./form.js";
import {t} from "./i18n.js";
import {button, once, problemNotice} from "./ui.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * @typedef {object} Dialog
 * @property {HTMLDialogElement} element
 * @property {HTMLElement} title
 * @property {HTMLElement} body
 * @property {HTMLElement} foot where its buttons stand
 * @property {(answer: string) => void} close
 * @property {Promise<string>} closed the answer; "" when it was dismissed
 */

/**
 * @param {object} options
 * @param {string} options.title
 * @param {Child[]} options.body
 * @param {boolean} [options.firm] can't be dismissed by Escape or the cross
 * @param {boolean} [options.wide]
 * @returns {Dialog}
 */
export function openDialog({title, body, firm = false, wide = false}) {
    const id = freshId();
    const titleElement = h("h2", {id}, title);
    const bodyElement = h("div", {class: "dialog-body"}, body);
    const foot = h("div", {class: "dialog-foot"});
    const cross = h(
        "button",
        {type: "button", class: "close", "aria-label": t("close")},
        icon("close"),
    );
    const element = h(
        "dialog",
        {class: wide ? "wide" : undefined, "aria-labelledby": id},
        h("div", {class: "dialog-head"}, titleElement, !firm && cross),
        bodyElement,
        foot,
    );
    let answer = "";
    const close = (/** @type {string} */ value) => {
        answer = value;
        element.close();
    };
    cross.addEventListener("click", () => close(""));
    element.addEventListener("cancel", (event) => {
        if (firm) event.preventDefault();
    });
    /** @type {Promise<string>} */
    const closed = new Promise((resolve) =>
        element.addEventListener("close", () => {
            element.remove();
            resolve(answer);
        }),
    );
    document.body.append(element);
    element.showModal();
    return {element, title: titleElement, body: bodyElement, foot, close, closed};
}

/** Ends with the page that opened them. */
export function closeDialogs() {
    for (const element of document.querySelectorAll("dialog[open]"))
        /** @type {HTMLDialogElement} */ (element).close();
}

/**
 * 提示: a question, answered true only by its button.
 * @param {object} options
 * @param {string} [options.title]
 * @param {Child[]} options.body
 * @param {string} [options.yes]
 * @param {boolean} [options.danger]
 * @returns {Promise<boolean>}
 */
export async function ask({title = t("dialog.ask"), body, yes = t("confirm"), danger = false}) {
    const dialog = openDialog({title, body});
    const accept = button({
        label: yes,
        kind: danger ? "danger" : "primary",
        act: () => dialog.close("yes"),
    });
    dialog.foot.append(button({label: t("cancel"), act: () => dialog.close("")}), accept);
    accept.focus();
    return (await dialog.closed) === "yes";
}

/**
 * 提醒: something to take note of.
 * @param {Child[]} body
 * @param {Array<{label: string, answer: string}>} [more] buttons besides 确定
 */
export function remind(body, more = []) {
    const dialog = openDialog({title: t("dialog.remind"), body});
    const accept = button({
        label: t("ok"),
        kind: more.length ? "plain" : "primary",
        act: () => dialog.close("ok"),
    });
    const others = more.map(({label, answer}) =>
        button({label, kind: "primary", act: () => dialog.close(answer)}),
    );
    dialog.foot.append(accept, ...others);
    (others[0] ?? accept).focus();
    return dialog.closed;
}

/**
 * A form in a dialog. It stays open when submit answers false, and when it fails, which is shown in it.
 * @param {object} options
 * @param {string} options.title
 * @param {Child[]} options.body
 * @param {string} options.yes
 * @param {boolean} [options.firm]
 * @param {boolean} [options.danger]
 * @param {(form: HTMLFormElement) => Promise<boolean>} options.submit
 * @returns {Promise<boolean>} whether it was submitted
 */
export async function askForm({title, body, yes, submit, firm, danger}) {
    const dialog = openDialog({title, body: [], firm});
    const trouble = h("div");
    const accept = h(
        "button",
        {type: "submit", class: `button ${danger ? "danger" : "primary"}`},
        h("span", {}, yes),
    );
    const form = h("form", {novalidate: true}, trouble, body);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        once(
            accept,
            async () => {
                trouble.replaceChildren();
                if (await submit(form)) dialog.close("done");
            },
            (problem) => trouble.replaceChildren(problemNotice(problem)),
        );
    });
    dialog.foot.append(button({label: t("cancel"), act: () => dialog.close("")}), accept);
    form.append(dialog.foot);
    dialog.body.append(form);
    /** @type {HTMLElement | null} */ (
        form.querySelector("input:not([readonly]), select, textarea")
    )?.focus();
    return (await dialog.closed) === "done";
}

/** The server's limit of a reason. */
const REASON_BYTES_MAX = 512;

/**
 * Asks why something is refused.
 * @param {string} title
 * @param {string} label
 * @param {(reason: string) => Promise<unknown>} refuse
 * @returns {Promise<boolean>} whether it was refused
 */
export function askReason(title, label, refuse) {
    return askForm({
        title,
        body: [
            field({name: "reason", label, type: "area", required: true, bytes: REASON_BYTES_MAX}),
        ],
        yes: title,
        danger: true,
        submit: async (form) => {
            if (!validate(form)) return false;
            await refuse(values(form).reason);
            return true;
        },
    });
}
