/** 已有CA: the keys of an organisation, their certificates and seals. */

import {path} from "./api.js";
import {h} from "./dom.js";
import {day, keyKind} from "./format.js";
import {t} from "./i18n.js";
import {list} from "./list.js";
import {user} from "./session.js";
import {button, linkButton, pill} from "./ui.js";
import {duePill} from "./view_new_order.js";
import {caHead, caTabs} from "./view_orders.js";
import {changePin} from "./work.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{id: string, name: string, valid_until: string, bound: boolean}} Seal */
/** @typedef {{serial: string, number: string, holder: string, organisation: string, profile: string,
 *   algorithm: string, not_after: string | null, due: boolean, seals: Seal[], renewed: string | null}} Key */

export const title = () => t("tab.keys");

/** @param {Seal} seal */
export function sealLine(seal) {
    return h(
        "div",
        {class: "line"},
        pill(seal.bound ? "good" : "wait", t(seal.bound ? "seal.bound" : "seal.unbound")),
        h("span", {class: "soft"}, t("seal.until", {day: day(seal.valid_until)})),
    );
}

/** @param {Key} key */
function serialLine(key) {
    return [
        key.serial,
        " ",
        h("span", {class: "soft"}, keyKind(key.profile)),
    ];
}

/** @param {Key} key */
function actions(key) {
    return h(
        "div",
        {class: "line"},
        linkButton(path`/keys/${key.serial}/seal` + "?from=keys", t("key.seal"), {
            kind: "plain small",
            name: t("key.seal.name", key),
        }),
    );
}

/** @returns {import("./list.js").Column<Key>[]} */
function columns() {
    /** @type {import("./list.js").Column<Key>[]} */
    const all = [
        {label: t("column.number"), kind: "number", cell: (_key, number) => number},
        {label: t("order.holder"), kind: "main", cell: (key) => key.holder},
        {label: t("key.organisation"), kind: "name", cell: (key) => key.organisation},
        {label: t("key.number"), kind: "time", cell: (key) => key.number || "–"},
        {label: t("order.serial"), kind: "serial", cell: serialLine},
        {
            label: t("order.not_after"),
            cell: (key) =>
                h(
                    "div",
                    {class: "line"},
                    h("span", {class: "time"}, day(key.not_after)),
                    duePill(key),
                ),
        },
        {
            label: t("key.seals"),
            cell: (key) => (key.seals.length > 0 ? key.seals.map(sealLine) : t("seal.none")),
        },
    ];
    if (user().role === "bidder") all.push({label: t("key.actions"), kind: "act", cell: actions});
    return all;
}

/** @param {Context} context */
export async function render(context) {
    const bidder = user().role === "bidder";
    const keys = await list(context, {
        path: "/keys",
        columns: columns(),
        label: t("tab.keys"),
        hint: t("keys.search"),
        empty: t("keys.empty"),
        actions: bidder
            ? [button({label: t("key.change"), symbol: "key", act: () => changePin()})]
            : [],
    });
    return h("div", {}, caHead(t(bidder ? "keys.title" : "keys.title.all")), caTabs("keys"), keys);
}
