/** Lists that page and search on the server. On a phone each record is a card (style.css). */

import {get, Refusal} from "./api.js";
import {h, icon} from "./dom.js";
import {t} from "./i18n.js";
import {notice} from "./ui.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./router.js").Context} Context */
/** @typedef {{items: any[], next: string | null, previous: string | null}} Page */

/** Characters; the server takes 192 bytes. */
export const SEARCH_MAX = 60;

/**
 * @template T
 * @typedef {object} Column
 * @property {string} label
 * @property {(item: T, number: number) => Child | Child[]} cell
 * @property {string} [kind] a class: "number", "main", "name", "time" (not broken), "serial", "act", "long"
 */

/** The height of a row, and of all that stands around the rows on a page. */
const ROW_PX = 41,
    AROUND_PX = 310;
const ROWS_MIN = 5,
    ROWS_MAX = 20,
    ROWS_PHONE = 10;

/** As many records as the window shows without scrolling. */
function rowsThatFit() {
    if (innerWidth < 760) return ROWS_PHONE;
    return Math.min(ROWS_MAX, Math.max(ROWS_MIN, Math.floor((innerHeight - AROUND_PX) / ROW_PX)));
}

/**
 * @template T
 * @param {Column<T>[]} columns
 * @param {T[]} items
 * @param {object} [options]
 * @param {number} [options.from] records before these
 * @param {string} [options.label]
 */
export function table(columns, items, {from = 0, label} = {}) {
    const heads = columns.map(({label: text, kind}) =>
        h("th", {role: "columnheader", scope: "col", class: kind}, text),
    );
    const rows = items.map((item, i) =>
        h(
            "tr",
            {role: "row"},
            columns.map((column) => {
                return h(
                    "td",
                    {role: "cell", class: column.kind, "data-label": column.label},
                    h("div", {}, column.cell(item, from + i + 1)),
                );
            }),
        ),
    );
    return h(
        "table",
        {role: "table", "aria-label": label},
        h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, heads)),
        h("tbody", {role: "rowgroup"}, rows),
    );
}

/**
 * @param {Context} context
 * @param {Record<string, string | null>} changes null takes one out
 */
function addressWith(context, changes) {
    const query = new URLSearchParams(context.query);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") query.delete(name);
        else query.set(name, value);
    }
    const text = query.toString();
    return text === "" ? context.path : `${context.path}?${text}`;
}

/**
 * @typedef {object} Filter
 * @property {string} name of the server's parameter
 * @property {string} label
 * @property {Array<[string, string]>} choices value and label
 */

/**
 * @param {Context} context
 * @param {string} hint
 * @param {Filter[]} filters
 */
function searchForm(context, hint, filters) {
    const input = h("input", {
        type: "search",
        name: "search",
        value: context.query.get("search") ?? "",
        placeholder: hint,
        maxlength: SEARCH_MAX,
        "aria-label": `${t("list.search")}: ${hint}`,
        autocomplete: "off",
    });
    const selects = filters.map(({name, label, choices}) => {
        const select = h(
            "select",
            {name, "aria-label": label},
            h("option", {value: ""}, `${label}: ${t("list.all")}`),
            choices.map(([value, text]) => h("option", {value}, text)),
        );
        select.value = context.query.get(name) ?? "";
        return select;
    });
    const search = () => {
        /** @type {Record<string, string | null>} */
        const changes = {search: input.value.trim(), after: null, before: null, from: null};
        for (const select of selects) changes[select.name] = select.value;
        return context.go(addressWith(context, changes));
    };
    for (const select of selects) select.addEventListener("change", search);
    const form = h(
        "form",
        {class: "search", role: "search"},
        selects,
        input,
        h(
            "button",
            {type: "submit", class: "button plain", "aria-label": t("list.search")},
            icon("view"),
        ),
    );
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        search();
    });
    return form;
}

/**
 * @param {Context} context
 * @param {Page} page
 * @param {number} from
 */
function pager(context, page, from) {
    const size = page.items.length;
    /** @param {string} label @param {Record<string, string | null> | null} changes @param {"previous" | "next"} symbol */
    const link = (label, changes, symbol) =>
        changes === null
            ? h(
                  "span",
                  {class: "button plain off", "aria-hidden": "true"},
                  icon(symbol),
                  h("span", {}, label),
              )
            : h(
                  "a",
                  {
                      href: addressWith(context, changes),
                      class: "button plain",
                      rel: symbol === "next" ? "next" : "prev",
                  },
                  icon(symbol),
                  h("span", {}, label),
              );
    const before = Math.max(0, from - rowsThatFit());
    return h(
        "nav",
        {class: "pager", "aria-label": t("list.pages")},
        h("p", {role: "status"}, size > 0 && t("list.range", {first: from + 1, last: from + size})),
        (page.previous !== null || page.next !== null) && [
            link(
                t("list.previous"),
                page.previous ? {before: page.previous, after: null, from: String(before)} : null,
                "previous",
            ),
            link(
                t("list.next"),
                page.next ? {after: page.next, before: null, from: String(from + size)} : null,
                "next",
            ),
        ],
    );
}

/**
 * @param {string} path
 * @param {Context} context
 * @returns {Promise<Page>}
 */
async function read(path, context) {
    try {
        return await get(path, context.signal);
    } catch (thrown) {
        if (!(thrown instanceof Refusal) || thrown.code !== "cursor") throw thrown;
        await context.go(addressWith(context, {after: null, before: null, from: null}), {
            replace: true,
        });
        throw context.signal.reason;
    }
}

/**
 * Reads the part of a list that the address names, and shows it.
 * @template T
 * @param {Context} context
 * @param {object} options
 * @param {string} options.path of the interface, e.g. "/orders"
 * @param {Record<string, string>} [options.fixed] parameters that don't change
 * @param {Column<T>[]} options.columns
 * @param {string} options.label
 * @param {string} options.hint what can be searched for
 * @param {Filter[]} [options.filters]
 * @param {Child[]} [options.actions] beside the search
 * @param {string} options.empty
 * @param {(page: any) => void} [options.got]
 * @returns {Promise<HTMLElement>}
 */
export async function list(context, options) {
    const filters = options.filters ?? [];
    const query = new URLSearchParams({limit: String(rowsThatFit()), ...options.fixed});
    for (const name of ["search", "after", "before"]) {
        const value = context.query.get(name);
        if (value) query.set(name, value);
    }
    for (const {name, choices} of filters) {
        const value = context.query.get(name) ?? "";
        if (choices.some(([known]) => known === value)) query.set(name, value);
    }
    const page = await read(`${options.path}?${query}`, context);
    options.got?.(page);
    const narrowed =
        context.query.get("search") || filters.some((filter) => context.query.get(filter.name));
    const from = page.previous === null ? 0 : Number(context.query.get("from") ?? 0) || 0;
    return h(
        "div",
        {class: "list"},
        h(
            "div",
            {class: "tools"},
            h("div", {class: "actions"}, options.actions ?? []),
            searchForm(context, options.hint, filters),
        ),
        page.items.length > 0
            ? h(
                  "div",
                  {class: "panel flush"},
                  table(options.columns, page.items, {from, label: options.label}),
              )
            : emptyPart(context, narrowed ? t("list.none") : options.empty, Boolean(narrowed)),
        (page.next !== null || page.previous !== null || page.items.length > 0) &&
            pager(context, page, from),
    );
}

/**
 * @param {Context} context
 * @param {string} text
 * @param {boolean} narrowed
 */
function emptyPart(context, text, narrowed) {
    return h(
        "div",
        {class: "panel empty"},
        notice(
            "info",
            h("p", {role: "status"}, text),
            narrowed && h("p", {}, h("a", {href: context.path}, t("list.clear"))),
        ),
    );
}
