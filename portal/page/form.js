/** Fields with labels, hints and messages that belong to them. */

import {freshId, h} from "./dom.js";
import {t} from "./i18n.js";
import {user} from "./session.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/**
 * @typedef {object} FieldOptions
 * @property {string} name
 * @property {string} label
 * @property {string} [value]
 * @property {string} [type] of an input; "area" for long texts
 * @property {boolean} [required]
 * @property {boolean} [readonly]
 * @property {string} [hint]
 * @property {string} [autocomplete]
 * @property {string} [inputmode]
 * @property {number} [bytes] the server's limit, in bytes of UTF-8
 * @property {boolean} [plain] letters and digits only
 * @property {Array<[string, string]>} [choices] value and label: a select
 * @property {boolean} [wide]
 */

/** The texts of the portal are at most so long. */
const TEXT_BYTES_MAX = 256;

/**
 * @param {FieldOptions} options
 * @param {Record<string, any>} common
 * @returns {Control}
 */
function control(options, common) {
    if (options.choices) {
        const select = h(
            "select",
            common,
            options.choices.map(([value, label]) => h("option", {value}, label)),
        );
        select.value = options.value ?? options.choices[0]?.[0] ?? "";
        select.disabled = options.readonly === true;
        return select;
    }
    const attributes = {
        ...common,
        readonly: options.readonly,
        autocomplete: options.autocomplete ?? "off",
        inputmode: options.inputmode,
    };
    if (options.type === "area")
        return h("textarea", {...attributes, rows: 4, value: options.value ?? ""});
    return h("input", {...attributes, type: options.type ?? "text", value: options.value ?? ""});
}

/** @param {FieldOptions} options */
export function field(options) {
    const id = freshId(),
        hintId = freshId(),
        wrongId = freshId();
    const described = [options.hint && hintId, wrongId].filter(Boolean).join(" ");
    const input = control(options, {
        id,
        name: options.name,
        "aria-describedby": described,
        "aria-required": options.required ? "true" : undefined,
        "data-bytes": options.bytes ?? TEXT_BYTES_MAX,
        "data-plain": options.plain,
    });
    return h(
        "div",
        {class: options.wide ? "field wide" : "field"},
        h(
            "label",
            {for: id},
            options.label,
            options.required && h("span", {class: "star", "aria-hidden": "true"}, "*"),
        ),
        input,
        options.hint && h("p", {id: hintId, class: "hint"}, options.hint),
        h("p", {id: wrongId, class: "wrong"}),
    );
}

/**
 * @param {Control} input
 * @param {string} text "" clears it
 */
export function mark(input, text) {
    const wrong = input.parentElement?.querySelector(".wrong");
    if (wrong) wrong.textContent = text;
    if (text === "") input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
}

/**
 * @param {Element} form
 * @returns {Control[]}
 */
export function controls(form) {
    return Array.from(form.querySelectorAll("input[name], select[name], textarea[name]"));
}

/**
 * @param {Control} input
 * @param {boolean} complete
 */
function faultOf(input, complete) {
    const value = input.type === "password" ? input.value : input.value.trim();
    if (value === "")
        return complete && input.getAttribute("aria-required") === "true"
            ? t("field.required")
            : "";
    if (new TextEncoder().encode(value).length > Number(input.dataset.bytes))
        return t("field.long", {bytes: Number(input.dataset.bytes)});
    if (input.type === "email" && !/^[^@\s]+@[^@\s]+$/.test(value)) return t("field.email");
    if ("plain" in input.dataset && !/^[A-Za-z0-9]+$/.test(value)) return t("field.plain");
    return "";
}

/**
 * Marks what is wrong and moves there.
 * @param {Element} form
 * @param {boolean} [complete] what is required has to be there already
 * @returns {boolean} whether all is well
 */
export function validate(form, complete = true) {
    let first = null;
    for (const input of controls(form)) {
        const fault = faultOf(input, complete);
        mark(input, fault);
        first ??= fault === "" ? null : input;
    }
    first?.focus();
    return first === null;
}

/**
 * The values by name, trimmed but for passwords.
 * @param {Element} form
 * @returns {Record<string, string>}
 */
export function values(form) {
    /** @type {Record<string, string>} */
    const all = {};
    for (const input of controls(form))
        all[input.name] = input.type === "password" ? input.value : input.value.trim();
    return all;
}

/**
 * Keeps what the user is typing in this tab until it is saved, over reloads and a lost session.
 * @param {Element} form
 * @param {string} name
 * @returns {{restored: boolean, dirty: () => boolean, saved: () => void}}
 */
export function keepDraft(form, name) {
    const key = `draft:${user().login}:${name}`;
    const stored = sessionStorage.getItem(key);
    /** @type {Record<string, string>} */
    const draft = stored === null ? {} : JSON.parse(stored);
    for (const input of controls(form))
        if (input.name in draft && input.type !== "password") input.value = draft[input.name];
    form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(values(form))));
    return {
        restored: stored !== null,
        dirty: () => sessionStorage.getItem(key) !== null,
        saved: () => sessionStorage.removeItem(key),
    };
}
