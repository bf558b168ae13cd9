/** The audit trail, and whether its chain holds. */

import {h} from "./dom.js";
import {moment} from "./format.js";
import {t} from "./i18n.js";
import {list} from "./list.js";
import {head, notice} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{id: number, at: string, actor: string, event: string, subject: string, detail: string}} Line */

export const title = () => t("audit.title");

/** @param {{count: number, hash: string} | null} verified */
function chain(verified) {
    return verified
        ? notice(
              "good",
              h("p", {}, t("audit.good", verified)),
              h("p", {class: "hash"}, verified.hash),
          )
        : notice(
              "bad",
              h("p", {class: "strong"}, t("audit.bad")),
              h("p", {}, t("audit.bad.remedy")),
          );
}

/** @param {Context} context */
export async function render(context) {
    let verified = null;
    const lines = await list(context, {
        path: "/audit",
        /** @type {import("./list.js").Column<Line>[]} */
        columns: [
            {label: t("column.number"), kind: "number", cell: (line) => line.id},
            {label: t("audit.at"), kind: "time", cell: (line) => moment(line.at)},
            {label: t("audit.actor"), kind: "time", cell: (line) => line.actor},
            {label: t("audit.event"), kind: "main time", cell: (line) => line.event},
            {label: t("audit.subject"), cell: (line) => line.subject},
            {label: t("audit.detail"), kind: "long", cell: (line) => line.detail || "–"},
        ],
        label: t("audit.title"),
        hint: t("audit.search"),
        empty: t("audit.empty"),
        got: (page) => {
            verified = page.verified;
        },
    });
    return h("div", {}, head(t("audit.title")), chain(verified), lines);
}
