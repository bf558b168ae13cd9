/** A new log-in password, typed twice. */

import {field, mark} from "./form.js";
import {t} from "./i18n.js";

/** The server's least length, in characters. */
const CHARACTERS_MIN = 10;

/**
 * @param {string} name
 * @param {string} label
 */
export function newPassword(name, label, required = true) {
    return field({
        name,
        label,
        type: "password",
        autocomplete: "new-password",
        hint: t("account.new.hint", {count: CHARACTERS_MIN}),
        required,
    });
}

/**
 * Marks a password that is too short, or differs from its repetition.
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string} [repeat]
 */
export function passwordFits(form, name, repeat) {
    const first = /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    const second = /** @type {HTMLInputElement | null} */ (
        repeat ? form.elements.namedItem(repeat) : null
    );
    if (first.value.length < CHARACTERS_MIN) {
        mark(first, t("account.short", {count: CHARACTERS_MIN}));
        first.focus();
        return false;
    }
    if (second && second.value !== first.value) {
        mark(second, t("account.differ"));
        second.focus();
        return false;
    }
    return true;
}
